/**
 * The state of a subscription, kept: it moves only forward, by the steps of `lifecycle` in src/billing/subscriptions/model.ts, and each step
 * is told. What follows with time is found by `org_entitlement_due`.
 */
export const up = /* sql */ `
-- What triggers of lifecycles say of a step that no table has: the constraint is their first argument, the column of the state their second.
CREATE FUNCTION refuse_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    RAISE EXCEPTION '% does not begin as %', TG_TABLE_NAME, to_jsonb(NEW)->>TG_ARGV[1] USING ERRCODE = '23514', CONSTRAINT = TG_ARGV[0];
  END IF;
  RAISE EXCEPTION '% that is % cannot become %', TG_TABLE_NAME, to_jsonb(OLD)->>TG_ARGV[1], to_jsonb(NEW)->>TG_ARGV[1]
    USING ERRCODE = '23514', CONSTRAINT = TG_ARGV[0];
END $$;

CREATE OR REPLACE FUNCTION guard_org_entitlement() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE changing text[] := ARRAY['ended_at', 'billed_until', 'status'];
BEGIN
  IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - changing) IS DISTINCT FROM (to_jsonb(OLD) - changing)
     OR NEW.billed_until < OLD.billed_until OR (NEW.billed_until IS NULL AND OLD.billed_until IS NOT NULL) THEN
    RAISE EXCEPTION 'a subscription changes only when it ends' USING ERRCODE = '42501', CONSTRAINT = 'append_only';
  END IF;
  RETURN NEW;
END $$;

ALTER TABLE org_entitlement ADD COLUMN status text NOT NULL DEFAULT 'scheduled' CHECK (status IN ('scheduled', 'active', 'ended'));
GRANT UPDATE (status) ON org_entitlement TO tally_app;
COMMENT ON COLUMN org_entitlement.status IS 'what its times have made of it, and was told; follows them within a minute';

-- What the times of a subscription make of it at its tenant's present.
CREATE POLICY fill ON tenant FOR SELECT TO tally_owner USING (true);
ALTER TABLE org_entitlement NO FORCE ROW LEVEL SECURITY;
UPDATE org_entitlement e
   SET status = CASE WHEN e.ended_at::timestamptz <= coalesce(t.test_clock_at, now()) OR e.ended_at = e.effective_at THEN 'ended' ELSE 'active' END
  FROM tenant t
 WHERE t.tenant_id = e.tenant_id AND (e.effective_at::timestamptz <= coalesce(t.test_clock_at, now()) OR e.ended_at = e.effective_at);
ALTER TABLE org_entitlement FORCE ROW LEVEL SECURITY;
DROP POLICY fill ON tenant;

ALTER TABLE org_entitlement ALTER COLUMN status DROP DEFAULT;
ALTER TABLE org_entitlement ADD CONSTRAINT org_entitlement_ended_at_a_time CHECK (status <> 'ended' OR ended_at IS NOT NULL);
CREATE TRIGGER org_entitlement_begins BEFORE INSERT ON org_entitlement FOR EACH ROW
  WHEN (NEW.status NOT IN ('scheduled', 'active')) EXECUTE FUNCTION refuse_transition('subscription_transition', 'status');
CREATE TRIGGER org_entitlement_transition BEFORE UPDATE ON org_entitlement FOR EACH ROW
  WHEN (OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN (('scheduled', 'active'), ('scheduled', 'ended'), ('active', 'ended')))
  EXECUTE FUNCTION refuse_transition('subscription_transition', 'status');
ALTER TABLE org_entitlement ENABLE ALWAYS TRIGGER org_entitlement_begins;
ALTER TABLE org_entitlement ENABLE ALWAYS TRIGGER org_entitlement_transition;

-- When the next step is due; what has ended, or ends at no time, is not in it.
CREATE INDEX org_entitlement_due ON org_entitlement ((CASE status WHEN 'scheduled' THEN effective_at::timestamptz WHEN 'active' THEN ended_at::timestamptz END))
  WHERE status = 'scheduled' OR (status = 'active' AND ended_at IS NOT NULL);
CREATE POLICY due ON org_entitlement FOR SELECT TO tally_due USING (true);
GRANT SELECT (tenant_id, status, effective_at, ended_at) ON org_entitlement TO tally_due;

SELECT audit_rule('S3 subscription that ended before it began, or at no time', $q$
  SELECT e.tenant_id::text, e.subscription_id::text FROM org_entitlement e
   WHERE (e.status = 'ended' AND e.ended_at IS NULL) OR (e.status <> 'ended' AND e.ended_at = e.effective_at) $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule('S3 subscription that ended before it began, or at no time');
DROP POLICY due ON org_entitlement;
REVOKE SELECT (tenant_id, status, effective_at, ended_at) ON org_entitlement FROM tally_due;
DROP INDEX org_entitlement_due;
DROP TRIGGER org_entitlement_transition ON org_entitlement;
DROP TRIGGER org_entitlement_begins ON org_entitlement;
ALTER TABLE org_entitlement DROP COLUMN status;
CREATE OR REPLACE FUNCTION guard_org_entitlement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - ARRAY['ended_at', 'billed_until']) IS DISTINCT FROM (to_jsonb(OLD) - ARRAY['ended_at', 'billed_until'])
     OR NEW.billed_until < OLD.billed_until OR (NEW.billed_until IS NULL AND OLD.billed_until IS NOT NULL) THEN
    RAISE EXCEPTION 'a subscription changes only when it ends' USING ERRCODE = '42501', CONSTRAINT = 'append_only';
  END IF;
  RETURN NEW;
END $$;
DROP FUNCTION refuse_transition();
`;
