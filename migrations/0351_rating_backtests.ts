/** Backtests: a price draft over months of past usage, organization by organization, resumable; and estimates kept for a while. */
export const up = /* sql */ `
CREATE TABLE backtest (
  tenant_id uuid NOT NULL,
  backtest_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  draft_id uuid NULL,
  compare_draft_id uuid NULL,
  currency ccy NOT NULL,
  content_hash sha256_hash NOT NULL,
  compare_hash sha256_hash NULL,
  live_hash sha256_hash NOT NULL,
  offers jsonb NOT NULL CHECK (jsonb_typeof(offers) = 'object'),
  from_month date NOT NULL CHECK (extract(day FROM from_month) = 1 AND isfinite(from_month)),
  to_month date NOT NULL CHECK (extract(day FROM to_month) = 1 AND isfinite(to_month) AND to_month > from_month),
  org_ids uuid[] NULL CHECK (cardinality(org_ids) BETWEEN 1 AND 1000 AND array_position(org_ids, NULL) IS NULL),
  over_percent qty NOT NULL CHECK (over_percent >= 0),
  status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
  watermark bigint NULL,
  total int NOT NULL DEFAULT 0 CHECK (total >= 0),
  done int NOT NULL DEFAULT 0 CHECK (done BETWEEN 0 AND total),
  after_org_id uuid NULL,
  summary jsonb NULL,
  problem jsonb NULL,
  requested_by text NOT NULL,
  created_at tsok NOT NULL,
  finished_at tsok NULL,
  PRIMARY KEY (tenant_id, backtest_id),
  UNIQUE (tenant_id, backtest_id, content_hash, status),
  FOREIGN KEY (tenant_id, plan_id) REFERENCES plan (tenant_id, plan_id),
  FOREIGN KEY (tenant_id, draft_id, plan_id) REFERENCES price_draft (tenant_id, draft_id, plan_id),
  FOREIGN KEY (tenant_id, compare_draft_id, plan_id) REFERENCES price_draft (tenant_id, draft_id, plan_id),
  CHECK ((status IN ('completed', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
  CHECK ((status = 'completed') = (summary IS NOT NULL)),
  CHECK ((status = 'failed') = (problem IS NOT NULL)),
  CHECK (status <> 'completed' OR done = total),
  CHECK (status NOT IN ('running', 'completed') OR watermark IS NOT NULL),
  CHECK (compare_draft_id IS NULL OR compare_hash IS NOT NULL)
);
CREATE INDEX backtest_by_plan ON backtest (tenant_id, plan_id, backtest_id DESC);
CREATE INDEX backtest_by_content ON backtest (tenant_id, content_hash, backtest_id DESC) WHERE status = 'completed';
SELECT tenant_table('backtest');
GRANT UPDATE (status, watermark, total, done, after_org_id, summary, problem, finished_at) ON backtest TO tally_app;
COMMENT ON COLUMN backtest.offers IS 'live, draft and compare: base fee and prices by SKU, as they were when the backtest was asked for';
COMMENT ON COLUMN backtest.total IS 'organization-months';
COMMENT ON COLUMN backtest.after_org_id IS 'the last organization whose results are stored: a run that is taken up again goes on after it';

-- What ended stays as it ended.
CREATE FUNCTION guard_backtest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.status IN ('completed', 'failed', 'cancelled') THEN
    RAISE EXCEPTION 'a backtest that is % does not change', OLD.status USING ERRCODE = '42501', CONSTRAINT = 'backtest_ended';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_row BEFORE UPDATE OR DELETE ON backtest FOR EACH ROW EXECUTE FUNCTION guard_backtest();
ALTER TABLE backtest ENABLE ALWAYS TRIGGER guard_row;

-- One organization in one month. Amounts are null where the organization could not be rated: fault says why.
CREATE TABLE backtest_result (
  tenant_id uuid NOT NULL,
  backtest_id uuid NOT NULL,
  org_id uuid NOT NULL,
  month date NOT NULL CHECK (extract(day FROM month) = 1),
  basis text NOT NULL CHECK (basis IN ('billed', 'rated', 'mixed')),
  before_minor money_minor NULL,
  draft_minor money_minor NULL,
  compare_minor money_minor NULL,
  before_partner_minor money_minor NULL,
  draft_partner_minor money_minor NULL,
  compare_partner_minor money_minor NULL,
  fault jsonb NULL,
  PRIMARY KEY (tenant_id, backtest_id, org_id, month),
  FOREIGN KEY (tenant_id, backtest_id) REFERENCES backtest (tenant_id, backtest_id),
  FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id),
  CHECK (num_nonnulls(before_minor, draft_minor, before_partner_minor, draft_partner_minor) = CASE WHEN fault IS NULL THEN 4 ELSE 0 END),
  CHECK ((compare_minor IS NULL) = (compare_partner_minor IS NULL)),
  CHECK (fault IS NULL OR compare_minor IS NULL)
);
SELECT tenant_table('backtest_result');
SELECT append_only('backtest_result');
COMMENT ON COLUMN backtest_result.basis IS 'before is what was billed, what the live prices make of it, or some of each';

-- The same by month and SKU, added up as chunks are stored; the SKU '' is the base fee.
CREATE TABLE backtest_total (
  tenant_id uuid NOT NULL,
  backtest_id uuid NOT NULL,
  month date NOT NULL CHECK (extract(day FROM month) = 1),
  sku text COLLATE "C" NOT NULL,
  before_minor money_minor NOT NULL,
  draft_minor money_minor NOT NULL,
  compare_minor money_minor NOT NULL,
  PRIMARY KEY (tenant_id, backtest_id, month, sku),
  FOREIGN KEY (tenant_id, backtest_id) REFERENCES backtest (tenant_id, backtest_id)
);
SELECT tenant_table('backtest_total');
GRANT UPDATE (before_minor, draft_minor, compare_minor) ON backtest_total TO tally_app;

-- Results join a backtest while it runs, and never later.
CREATE FUNCTION backtest_results_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM (SELECT DISTINCT tenant_id, backtest_id FROM arrived) a
               LEFT JOIN backtest b ON b.tenant_id = a.tenant_id AND b.backtest_id = a.backtest_id
              WHERE b.status IS DISTINCT FROM 'running') THEN
    RAISE EXCEPTION 'results join a backtest only while it runs' USING ERRCODE = '42501', CONSTRAINT = 'backtest_ended';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER backtest_results_closed AFTER INSERT ON backtest_result REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION backtest_results_closed();
ALTER TABLE backtest_result ENABLE ALWAYS TRIGGER backtest_results_closed;

-- Which completed backtest a publication stood on: of the same content as the draft, held by both keys.
CREATE TABLE backtest_publication (
  tenant_id uuid NOT NULL,
  draft_id uuid NOT NULL,
  content_hash sha256_hash NOT NULL,
  backtest_id uuid NOT NULL,
  status text NOT NULL DEFAULT 'completed' CHECK (status = 'completed'),
  demand jsonb NOT NULL,
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, draft_id),
  FOREIGN KEY (tenant_id, draft_id, content_hash) REFERENCES price_draft (tenant_id, draft_id, content_hash),
  FOREIGN KEY (tenant_id, backtest_id, content_hash, status) REFERENCES backtest (tenant_id, backtest_id, content_hash, status)
);
SELECT tenant_table('backtest_publication');
SELECT append_only('backtest_publication');

CREATE TABLE pricing_estimate (
  tenant_id uuid NOT NULL,
  estimate_id uuid NOT NULL,
  org_id uuid NOT NULL,
  project_id uuid NULL,
  inputs jsonb NOT NULL CHECK (jsonb_typeof(inputs) = 'object'),
  inputs_hash sha256_hash NOT NULL,
  result jsonb NOT NULL CHECK (jsonb_typeof(result) = 'object'),
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, estimate_id),
  CONSTRAINT pricing_estimate_once UNIQUE (tenant_id, inputs_hash),
  FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id),
  FOREIGN KEY (tenant_id, org_id, project_id) REFERENCES project (tenant_id, org_id, project_id)
);
CREATE INDEX pricing_estimate_oldest ON pricing_estimate (tenant_id, created_at);
SELECT tenant_table('pricing_estimate');
GRANT DELETE ON pricing_estimate TO tally_app;
CREATE POLICY due ON pricing_estimate FOR SELECT TO tally_due USING (true);
GRANT SELECT (tenant_id, created_at) ON pricing_estimate TO tally_due;
COMMENT ON COLUMN pricing_estimate.inputs IS 'what was asked, and the prices, fees and rounding that answered: whatever changes of them asks anew';

SELECT audit_rule('B1 backtest whose totals are not its results', $q$
  SELECT b.tenant_id, b.backtest_id FROM backtest b
    LEFT JOIN LATERAL (SELECT coalesce(sum(r.before_minor), 0) AS a, coalesce(sum(r.draft_minor), 0) AS b, coalesce(sum(r.compare_minor), 0) AS c
                         FROM backtest_result r WHERE (r.tenant_id, r.backtest_id) = (b.tenant_id, b.backtest_id)) r ON true
    LEFT JOIN LATERAL (SELECT coalesce(sum(t.before_minor), 0) AS a, coalesce(sum(t.draft_minor), 0) AS b, coalesce(sum(t.compare_minor), 0) AS c
                         FROM backtest_total t WHERE (t.tenant_id, t.backtest_id) = (b.tenant_id, b.backtest_id)) t ON true
   WHERE (r.a, r.b, r.c) <> (t.a, t.b, t.c) $q$);
SELECT audit_rule('B2 draft published on a backtest that is not on record', $q$
  SELECT d.tenant_id, d.draft_id FROM price_draft d LEFT JOIN backtest_publication p USING (tenant_id, draft_id)
   WHERE d.published_policy IS NOT NULL AND (d.backtest_id, d.published_policy) IS DISTINCT FROM (p.backtest_id, p.demand) $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule('B2 draft published on a backtest that is not on record');
SELECT drop_audit_rule('B1 backtest whose totals are not its results');
DROP TABLE pricing_estimate, backtest_publication, backtest_total, backtest_result, backtest;
DROP FUNCTION backtest_results_closed(), guard_backtest();
`;
