/** Replays of stored events, and verifications of what was issued, with every difference they found. */
export const up = /* sql */ `
CREATE TABLE replay_job (
  tenant_id uuid NOT NULL,
  replay_id uuid NOT NULL,
  selection jsonb NOT NULL CHECK (jsonb_typeof(selection) = 'object'),
  dry_run boolean NOT NULL,
  rate_per_second int NOT NULL CHECK (rate_per_second BETWEEN 1 AND 100000),
  reason text NULL CHECK (length(reason) BETWEEN 1 AND 500),
  status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'paused', 'completed', 'cancelled', 'failed')),
  -- What there was when the replay was asked for: what it brings about itself is not among it.
  until_seq bigint NOT NULL CHECK (until_seq >= 0),
  after_seq bigint NOT NULL DEFAULT 0 CHECK (after_seq >= 0),
  total int NOT NULL DEFAULT 0 CHECK (total >= 0),
  done int NOT NULL DEFAULT 0 CHECK (done BETWEEN 0 AND total),
  forecast jsonb NULL,
  problem jsonb NULL,
  requested_by text NOT NULL,
  created_at tsok NOT NULL,
  finished_at tsok NULL,
  PRIMARY KEY (tenant_id, replay_id),
  CONSTRAINT replay_job_ended CHECK ((status IN ('completed', 'cancelled', 'failed')) = (finished_at IS NOT NULL)),
  CONSTRAINT replay_job_failed CHECK ((status = 'failed') = (problem IS NOT NULL)),
  CONSTRAINT replay_job_dry CHECK (NOT dry_run OR after_seq = 0),
  CONSTRAINT replay_job_forecast CHECK ((dry_run AND status = 'completed') = (forecast IS NOT NULL))
);
SELECT tenant_table('replay_job');
GRANT UPDATE (status, after_seq, total, done, forecast, problem, finished_at) ON replay_job TO tally_app;
COMMENT ON COLUMN replay_job.after_seq IS 'the last event that was sent again: a replay that is taken up goes on after it';

CREATE TABLE replay_verification (
  tenant_id uuid NOT NULL,
  verification_id uuid NOT NULL,
  from_date date NULL CHECK (isfinite(from_date)),
  to_date date NULL CHECK (isfinite(to_date)),
  org_id uuid NULL,
  status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'completed', 'failed')),
  phase text NOT NULL DEFAULT 'invoices' CHECK (phase IN ('invoices', 'billed_periods', 'actions', 'done')),
  after text NULL CHECK (length(after) <= 50),
  total int NOT NULL DEFAULT 0 CHECK (total >= 0),
  checked jsonb NOT NULL,
  differences int NOT NULL DEFAULT 0 CHECK (differences >= 0),
  problem jsonb NULL,
  requested_by text NOT NULL,
  created_at tsok NOT NULL,
  finished_at tsok NULL,
  PRIMARY KEY (tenant_id, verification_id),
  FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id),
  CHECK (from_date < to_date),
  CHECK ((status IN ('completed', 'failed')) = (finished_at IS NOT NULL)),
  CHECK ((status = 'failed') = (problem IS NOT NULL)),
  CHECK (status <> 'completed' OR phase = 'done')
);
SELECT tenant_table('replay_verification');
GRANT UPDATE (status, phase, after, total, checked, differences, problem, finished_at) ON replay_verification TO tally_app;
COMMENT ON COLUMN replay_verification.after IS 'within the phase, what was looked at last: one that is taken up goes on after it';

CREATE TABLE replay_difference (
  tenant_id uuid NOT NULL,
  verification_id uuid NOT NULL,
  place int NOT NULL CHECK (place >= 1),
  difference jsonb NOT NULL CHECK (jsonb_typeof(difference) = 'object'),
  PRIMARY KEY (tenant_id, verification_id, place),
  FOREIGN KEY (tenant_id, verification_id) REFERENCES replay_verification (tenant_id, verification_id)
);
SELECT tenant_table('replay_difference');
SELECT append_only('replay_difference');

-- What ended stays as it ended.
CREATE FUNCTION guard_replay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.status IN ('completed', 'cancelled', 'failed') THEN
    RAISE EXCEPTION '% that is % does not change', TG_TABLE_NAME, OLD.status USING ERRCODE = '42501', CONSTRAINT = 'replay_ended';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_row BEFORE UPDATE OR DELETE ON replay_job FOR EACH ROW EXECUTE FUNCTION guard_replay();
ALTER TABLE replay_job ENABLE ALWAYS TRIGGER guard_row;
CREATE TRIGGER guard_row BEFORE UPDATE OR DELETE ON replay_verification FOR EACH ROW EXECUTE FUNCTION guard_replay();
ALTER TABLE replay_verification ENABLE ALWAYS TRIGGER guard_row;

SELECT audit_rule('V1 verification whose differences are not as many as it says', $q$
  SELECT v.tenant_id, v.verification_id FROM replay_verification v
    LEFT JOIN replay_difference d ON (d.tenant_id, d.verification_id) = (v.tenant_id, v.verification_id)
   GROUP BY v.tenant_id, v.verification_id, v.differences HAVING count(d.place) <> v.differences OR coalesce(max(d.place), 0) <> count(d.place) $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule('V1 verification whose differences are not as many as it says');
DROP TABLE replay_difference, replay_verification, replay_job;
DROP FUNCTION guard_replay();
`;
