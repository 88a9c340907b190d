/**
 * An invoice begins as a draft, in the transaction that issues it, and moves by the steps of `lifecycle` in src/billing/invoicing/model.ts.
 * One that nobody is expected to pay is `uncollectible`.
 */
export const up = /* sql */ `
ALTER TABLE invoice DROP CONSTRAINT invoice_status_check;
ALTER TABLE invoice ADD CONSTRAINT invoice_status_check CHECK (status IN ('draft', 'open', 'paid', 'void', 'uncollectible'));
-- Nothing has made an invoice uncollectible before: no row lacks its time.
ALTER TABLE invoice ADD COLUMN uncollectible_at tsok,
  ADD CONSTRAINT invoice_uncollectible_at_a_time CHECK (status <> 'uncollectible' OR uncollectible_at IS NOT NULL);
GRANT UPDATE (uncollectible_at) ON invoice TO tally_app;
COMMENT ON COLUMN invoice.uncollectible_at IS 'when nobody was expected to pay it any more; stays when it is paid or void after all';

-- A step of the table, and nothing else about an invoice ever changes.
CREATE OR REPLACE FUNCTION invoice_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE rest invoice;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    rest := NEW;
    rest.status := OLD.status;
    rest.paid_at := OLD.paid_at;
    rest.payment_reference := OLD.payment_reference;
    rest.voided_at := OLD.voided_at;
    rest.void_reason := OLD.void_reason;
    rest.uncollectible_at := OLD.uncollectible_at;
    IF rest IS NOT DISTINCT FROM OLD THEN RETURN NEW; END IF;
  END IF;
  RAISE EXCEPTION 'an issued invoice does not change' USING ERRCODE = '42501', CONSTRAINT = 'invoice_is_final';
END $$;
CREATE TRIGGER invoice_begins BEFORE INSERT ON invoice FOR EACH ROW
  WHEN (NEW.status <> 'draft') EXECUTE FUNCTION refuse_transition('invoice_transition', 'status');
CREATE TRIGGER invoice_transition BEFORE UPDATE ON invoice FOR EACH ROW
  WHEN ((OLD.status, NEW.status) NOT IN (('draft', 'open'), ('open', 'paid'), ('open', 'void'), ('open', 'uncollectible'),
                                         ('uncollectible', 'paid'), ('uncollectible', 'void')))
  EXECUTE FUNCTION refuse_transition('invoice_transition', 'status');
ALTER TABLE invoice ENABLE ALWAYS TRIGGER invoice_begins;
ALTER TABLE invoice ENABLE ALWAYS TRIGGER invoice_transition;

-- Without a grace period an invoice is final when its transaction commits: a draft is seen by nobody else.
CREATE OR REPLACE FUNCTION invoice_total_is_lines() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE total bigint; lines bigint; state text;
BEGIN
  SELECT total_minor, status INTO total, state FROM invoice i WHERE i.tenant_id = NEW.tenant_id AND i.invoice_id = NEW.invoice_id;
  IF NOT FOUND THEN RAISE EXCEPTION 'invoice % cannot be seen', NEW.invoice_id USING ERRCODE = '42501', CONSTRAINT = 'invoice_invisible'; END IF;
  SELECT coalesce(sum(amount_minor), 0) INTO lines FROM invoice_line l WHERE l.tenant_id = NEW.tenant_id AND l.invoice_id = NEW.invoice_id;
  IF total <> lines THEN
    RAISE EXCEPTION 'invoice % is % but its lines are %', NEW.invoice_id, total, lines USING ERRCODE = '23514', CONSTRAINT = 'invoice_total_is_lines';
  END IF;
  IF state = 'draft' THEN
    RAISE EXCEPTION 'invoice % was left a draft', NEW.invoice_id USING ERRCODE = '23514', CONSTRAINT = 'invoice_is_finalised';
  END IF;
  RETURN NULL;
END $$;

SELECT audit_rule('I11 invoice that was left a draft', $q$
  SELECT i.tenant_id::text, i.invoice_id::text FROM invoice i WHERE i.status = 'draft' $q$);
SELECT audit_rule('I11b usage that is billed by another invoice than its charge is on, or by a void one, or voided though its invoice stands', $q$
  SELECT u.tenant_id::text, u.usage_state_id::text FROM usage_state u
    LEFT JOIN invoice_line l ON (l.tenant_id, l.charge_id) = (u.tenant_id, u.charge_id)
    LEFT JOIN invoice i ON (i.tenant_id, i.invoice_id) = (l.tenant_id, l.invoice_id)
   WHERE u.state IN ('billed', 'voided') AND (l.invoice_id IS DISTINCT FROM u.invoice_id OR (u.state = 'billed' AND i.status = 'void')) $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule(name) FROM (VALUES ('I11 invoice that was left a draft'),
  ('I11b usage that is billed by another invoice than its charge is on, or by a void one, or voided though its invoice stands')) AS rule (name);
DROP TRIGGER invoice_transition ON invoice;
DROP TRIGGER invoice_begins ON invoice;
ALTER TABLE invoice DROP COLUMN uncollectible_at;
ALTER TABLE invoice DROP CONSTRAINT invoice_status_check;
ALTER TABLE invoice ADD CONSTRAINT invoice_status_check CHECK (status IN ('open', 'paid', 'void', 'uncollectible'));
CREATE OR REPLACE FUNCTION invoice_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE states text[] := ARRAY['status', 'paid_at', 'payment_reference', 'voided_at', 'void_reason'];
BEGIN
  IF TG_OP = 'DELETE' OR OLD.status <> 'open' AND NOT (OLD.status = 'uncollectible' AND NEW.status IN ('paid', 'void'))
     OR NEW.status = 'open' OR (to_jsonb(NEW) - states) IS DISTINCT FROM (to_jsonb(OLD) - states) THEN
    RAISE EXCEPTION 'an issued invoice does not change' USING ERRCODE = '42501', CONSTRAINT = 'invoice_is_final';
  END IF;
  RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION invoice_total_is_lines() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE total bigint; lines bigint;
BEGIN
  SELECT total_minor INTO total FROM invoice i WHERE i.tenant_id = NEW.tenant_id AND i.invoice_id = NEW.invoice_id;
  IF NOT FOUND THEN RAISE EXCEPTION 'invoice % cannot be seen', NEW.invoice_id USING ERRCODE = '42501', CONSTRAINT = 'invoice_invisible'; END IF;
  SELECT coalesce(sum(amount_minor), 0) INTO lines FROM invoice_line l WHERE l.tenant_id = NEW.tenant_id AND l.invoice_id = NEW.invoice_id;
  IF total <> lines THEN
    RAISE EXCEPTION 'invoice % is % but its lines are %', NEW.invoice_id, total, lines USING ERRCODE = '23514', CONSTRAINT = 'invoice_total_is_lines';
  END IF;
  RETURN NULL;
END $$;
`;
