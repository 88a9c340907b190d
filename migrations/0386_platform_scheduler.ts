/**
 * Who leads the schedulers, what recurs, and each due time of it. System-wide: no tenant's rows, and none is named. The role `jobs` writes;
 * the app sees names and times only, never the text of an error.
 */
export const up = /* sql */ `
CREATE TABLE scheduler_lease (
  name text PRIMARY KEY,
  holder text NOT NULL CHECK (length(holder) BETWEEN 1 AND 200),
  -- by the database's clock alone
  until timestamptz NOT NULL,
  -- goes up whenever the lease passes to another, or back to one who had lost it
  term bigint NOT NULL CHECK (term >= 1)
);
GRANT SELECT, INSERT, UPDATE ON scheduler_lease TO tally_jobs;
GRANT SELECT ON scheduler_lease TO tally_auditor;

CREATE TABLE scheduler_schedule (
  name text PRIMARY KEY,
  cron text NOT NULL,
  catch_up text NOT NULL CHECK (catch_up IN ('once', 'none')),
  -- a due time before it was known is none of its own
  since timestamptz NOT NULL,
  last_due_at timestamptz NOT NULL CHECK (last_due_at >= since)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON scheduler_schedule TO tally_jobs;
GRANT SELECT ON scheduler_schedule TO tally_app, tally_auditor;

CREATE TABLE scheduler_run (
  name text NOT NULL,
  due_at timestamptz NOT NULL,
  enqueued_at timestamptz NOT NULL,
  enqueued_by text NOT NULL,
  started_at timestamptz,
  attempts int NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  finished_at timestamptz,
  outcome text CHECK (outcome IN ('done', 'failed', 'superseded')),
  error text CHECK (length(error) BETWEEN 1 AND 2000),
  run_by text,
  PRIMARY KEY (name, due_at),
  CHECK ((finished_at IS NULL) = (outcome IS NULL))
);
CREATE INDEX scheduler_run_newest ON scheduler_run (due_at DESC, name);
CREATE INDEX scheduler_run_waiting ON scheduler_run (name) WHERE finished_at IS NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON scheduler_run TO tally_jobs;
GRANT SELECT (name, due_at, enqueued_at, started_at, attempts, finished_at, outcome) ON scheduler_run TO tally_app;
GRANT SELECT ON scheduler_run TO tally_auditor;
`;

export const down = /* sql */ `
DROP TABLE scheduler_run, scheduler_schedule, scheduler_lease;
`;
