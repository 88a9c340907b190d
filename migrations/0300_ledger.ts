/** The books: accounts, zero-sum transactions, and the ledger lines that charges become. */
export const up = /* sql */ `
CREATE TABLE ledger_account (
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  kind text COLLATE "C" NOT NULL CHECK (kind ~ '^[a-z][a-z_]{1,39}$'),
  owner uuid NULL,
  currency ccy NOT NULL,
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, account_id),
  UNIQUE (tenant_id, account_id, currency),
  CONSTRAINT ledger_account_named_once UNIQUE NULLS NOT DISTINCT (tenant_id, kind, owner, currency),
  FOREIGN KEY (tenant_id, owner) REFERENCES organization (tenant_id, org_id)
);
SELECT tenant_table('ledger_account');
SELECT append_only('ledger_account');
COMMENT ON COLUMN ledger_account.owner IS 'the organization the account is about; null for the tenant''s own';

CREATE TABLE ledger_transaction (
  tenant_id uuid NOT NULL,
  transaction_id uuid NOT NULL,
  kind text COLLATE "C" NOT NULL CHECK (kind ~ '^[a-z][a-z_.]{1,63}$'),
  idem_key text NOT NULL CHECK (length(idem_key) BETWEEN 1 AND 255),
  reverses uuid NULL,
  memo text NULL CHECK (length(memo) <= 500),
  created_at tsok NOT NULL,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, transaction_id),
  CONSTRAINT ledger_transaction_posted_once UNIQUE (tenant_id, idem_key),
  FOREIGN KEY (tenant_id, reverses) REFERENCES ledger_transaction (tenant_id, transaction_id)
);
CREATE UNIQUE INDEX ledger_transaction_reversed_once ON ledger_transaction (tenant_id, reverses) WHERE reverses IS NOT NULL;
SELECT tenant_table('ledger_transaction');
SELECT append_only('ledger_transaction');
-- xid is the database's own word: nobody may write another.
REVOKE INSERT ON ledger_transaction FROM tally_app;
GRANT INSERT (tenant_id, transaction_id, kind, idem_key, reverses, memo, created_at) ON ledger_transaction TO tally_app;

CREATE TABLE posting (
  tenant_id uuid NOT NULL,
  transaction_id uuid NOT NULL,
  line smallint NOT NULL CHECK (line >= 1),
  account_id uuid NOT NULL,
  currency ccy NOT NULL,
  amount_minor money_minor NOT NULL CONSTRAINT posting_not_zero CHECK (amount_minor <> 0),
  PRIMARY KEY (tenant_id, transaction_id, line),
  CONSTRAINT posting_account FOREIGN KEY (tenant_id, account_id, currency) REFERENCES ledger_account (tenant_id, account_id, currency)
);
SELECT tenant_table('posting');
SELECT append_only('posting');
COMMENT ON COLUMN posting.amount_minor IS 'minor units of the currency; a debit is above zero, a credit below';

-- The legs of a transaction come in one statement, in the database transaction that made its header: at least two, and zero
-- in sum for each currency. Checked once a statement, over all of its rows, so that a run of thousands costs one query.
-- It also stands for the foreign key to the header, which is append-only: no row can be without one.
CREATE FUNCTION check_posting() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bad record;
BEGIN
  -- EXECUTE plans it anew: a plan kept from a statement of three legs would crawl over thirty thousand.
  EXECUTE 'SELECT n.tenant_id, n.transaction_id
    FROM (SELECT DISTINCT tenant_id, transaction_id FROM new_posting) n
    LEFT JOIN ledger_transaction t ON t.tenant_id = n.tenant_id AND t.transaction_id = n.transaction_id
   WHERE t.xid IS DISTINCT FROM pg_current_xact_id() LIMIT 1' INTO bad;
  IF bad.transaction_id IS NOT NULL THEN
    RAISE EXCEPTION 'ledger transaction % is closed, or not there', bad.transaction_id USING ERRCODE = '42501', CONSTRAINT = 'ledger_transaction_closed';
  END IF;
  SELECT n.transaction_id, n.legs INTO bad
    FROM (SELECT tenant_id, transaction_id, count(*) AS legs FROM new_posting GROUP BY tenant_id, transaction_id) n
   WHERE n.legs < 2 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'ledger transaction % has % leg', bad.transaction_id, bad.legs USING ERRCODE = '23514', CONSTRAINT = 'ledger_two_legs';
  END IF;
  SELECT n.transaction_id, n.currency, sum(n.amount_minor) AS rest INTO bad
    FROM new_posting n GROUP BY n.tenant_id, n.transaction_id, n.currency HAVING sum(n.amount_minor) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'ledger transaction % is off by % %', bad.transaction_id, bad.rest, bad.currency USING ERRCODE = '23514', CONSTRAINT = 'ledger_zero_sum';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER posting_balanced AFTER INSERT ON posting REFERENCING NEW TABLE AS new_posting
  FOR EACH STATEMENT EXECUTE FUNCTION check_posting();
ALTER TABLE posting ENABLE ALWAYS TRIGGER posting_balanced;

-- A header without legs is found at commit; a leg that cannot be seen (another tenant's, by now) counts as absent.
CREATE FUNCTION check_ledger_transaction() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM posting p WHERE p.tenant_id = NEW.tenant_id AND p.transaction_id = NEW.transaction_id) THEN
    RAISE EXCEPTION 'ledger transaction % has no legs', NEW.transaction_id USING ERRCODE = '23514', CONSTRAINT = 'ledger_two_legs';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_transaction_has_legs AFTER INSERT ON ledger_transaction DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION check_ledger_transaction();
ALTER TABLE ledger_transaction ENABLE ALWAYS TRIGGER ledger_transaction_has_legs;

-- One rated charge per item, SKU, project and period.
CREATE TABLE ledger (
  tenant_id uuid NOT NULL,
  entry_id uuid NOT NULL,
  org_id uuid NOT NULL,
  project_id uuid NULL,
  sku text COLLATE "C" NULL,
  quantity qty NOT NULL,
  amount_exact qty NOT NULL,
  amount_gross money_minor NOT NULL,
  partner_id uuid NULL,
  partner_pct numeric(5,2) NOT NULL DEFAULT 0 CHECK (partner_pct BETWEEN 0 AND 100),
  partner_amount money_minor NOT NULL DEFAULT 0,
  net money_minor NOT NULL,
  currency ccy NOT NULL,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'settled', 'reversed')),
  charge_id uuid NULL,
  invoice_id uuid NULL,
  period tstzrange NULL CHECK (NOT isempty(period) AND lower_inc(period) AND NOT upper_inc(period)
                               AND NOT lower_inf(period) AND NOT upper_inf(period)),
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, entry_id),
  CONSTRAINT ledger_split CHECK (partner_amount + net = amount_gross),
  CONSTRAINT ledger_partner CHECK (partner_id IS NOT NULL OR (partner_amount = 0 AND partner_pct = 0)),
  CONSTRAINT ledger_partner_is_another CHECK (partner_id <> org_id),
  FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id),
  FOREIGN KEY (tenant_id, partner_id) REFERENCES organization (tenant_id, org_id),
  FOREIGN KEY (tenant_id, sku) REFERENCES product_sku (tenant_id, sku)
);
CREATE INDEX ledger_by_org ON ledger (tenant_id, org_id, entry_id);
CREATE UNIQUE INDEX ledger_charged_once ON ledger (tenant_id, charge_id) WHERE charge_id IS NOT NULL;
SELECT tenant_table('ledger');
GRANT UPDATE (status) ON ledger TO tally_app;
COMMENT ON COLUMN ledger.amount_gross IS 'minor units, as partner_amount and net';
COMMENT ON COLUMN ledger.amount_exact IS 'major units, before the rounding to amount_gross';
COMMENT ON COLUMN ledger.sku IS 'null for a plan''s base fee';
COMMENT ON COLUMN ledger.period IS 'null for a charge outside a cycle';

CREATE FUNCTION guard_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'UPDATE' OR (to_jsonb(NEW) - 'status') IS DISTINCT FROM (to_jsonb(OLD) - 'status') THEN
    RAISE EXCEPTION 'a ledger line changes nothing but its status' USING ERRCODE = '42501', CONSTRAINT = 'append_only';
  END IF;
  IF (OLD.status, NEW.status) NOT IN (('pending', 'settled'), ('pending', 'reversed'), ('settled', 'reversed')) THEN
    RAISE EXCEPTION 'a % ledger line does not become %', OLD.status, NEW.status USING ERRCODE = '23514', CONSTRAINT = 'ledger_status_transition';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_row BEFORE UPDATE OR DELETE ON ledger FOR EACH ROW EXECUTE FUNCTION guard_ledger();
CREATE TRIGGER deny_truncate BEFORE TRUNCATE ON ledger FOR EACH STATEMENT EXECUTE FUNCTION deny_change();
ALTER TABLE ledger ENABLE ALWAYS TRIGGER guard_row;
ALTER TABLE ledger ENABLE ALWAYS TRIGGER deny_truncate;

-- Charges outside a cycle: what they come to exactly, and what of it was posted. posted = round(exact), always.
CREATE TABLE ledger_running (
  tenant_id uuid NOT NULL,
  running_id uuid NOT NULL,
  org_id uuid NOT NULL,
  project_id uuid NULL,
  sku text COLLATE "C" NOT NULL,
  currency ccy NOT NULL,
  amount_exact qty NOT NULL DEFAULT 0,
  posted_minor money_minor NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, running_id),
  CONSTRAINT ledger_running_once UNIQUE NULLS NOT DISTINCT (tenant_id, org_id, project_id, sku, currency),
  FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id),
  FOREIGN KEY (tenant_id, sku) REFERENCES product_sku (tenant_id, sku)
);
SELECT tenant_table('ledger_running');
GRANT UPDATE (amount_exact, posted_minor) ON ledger_running TO tally_app;

SELECT audit_rule('I1 ledger transaction that is not zero in sum', $q$
  SELECT tenant_id, transaction_id || ' ' || currency FROM posting GROUP BY tenant_id, transaction_id, currency HAVING sum(amount_minor) <> 0 $q$);
SELECT audit_rule('I1b trial balance that is not zero', $q$
  SELECT tenant_id, currency FROM posting GROUP BY tenant_id, currency HAVING sum(amount_minor) <> 0 $q$);
SELECT audit_rule('I1c ledger transaction without two legs', $q$
  SELECT t.tenant_id, t.transaction_id FROM ledger_transaction t LEFT JOIN posting p USING (tenant_id, transaction_id)
   GROUP BY t.tenant_id, t.transaction_id HAVING count(p.line) < 2 $q$);
SELECT audit_rule('I1d leg without a ledger transaction', $q$
  SELECT p.tenant_id, p.transaction_id || ' ' || p.line FROM posting p LEFT JOIN ledger_transaction t USING (tenant_id, transaction_id)
   WHERE t.transaction_id IS NULL $q$);
SELECT audit_rule('I1e reversal that does not undo its transaction', $q$
  SELECT r.tenant_id, r.transaction_id FROM ledger_transaction r
    JOIN posting p ON p.tenant_id = r.tenant_id AND p.transaction_id IN (r.transaction_id, r.reverses)
   WHERE r.reverses IS NOT NULL GROUP BY r.tenant_id, r.transaction_id, p.account_id HAVING sum(p.amount_minor) <> 0 $q$);
SELECT audit_rule('I5 ledger line whose parts are not its whole', $q$
  SELECT tenant_id, entry_id FROM ledger WHERE partner_amount + net <> amount_gross $q$);
SELECT audit_rule('I5b running total that is not its lines', $q$
  SELECT coalesce(r.tenant_id, l.tenant_id), concat_ws(' ', coalesce(r.org_id, l.org_id), coalesce(r.sku, l.sku))
    FROM ledger_running r FULL JOIN (
      SELECT tenant_id, org_id, project_id, sku, currency, sum(amount_exact) AS exact, sum(amount_gross) AS gross
        FROM ledger WHERE period IS NULL GROUP BY tenant_id, org_id, project_id, sku, currency) l
      ON (l.tenant_id, l.org_id, l.sku, l.currency) = (r.tenant_id, r.org_id, r.sku, r.currency)
     AND coalesce(l.project_id, l.org_id) = coalesce(r.project_id, r.org_id)
   WHERE l.exact IS DISTINCT FROM r.amount_exact OR l.gross IS DISTINCT FROM r.posted_minor::numeric $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule(name) FROM (VALUES ('I5b running total that is not its lines'), ('I5 ledger line whose parts are not its whole'),
  ('I1e reversal that does not undo its transaction'), ('I1d leg without a ledger transaction'),
  ('I1c ledger transaction without two legs'), ('I1b trial balance that is not zero'),
  ('I1 ledger transaction that is not zero in sum')) AS rule (name);
DROP TABLE ledger_running, ledger, posting, ledger_transaction, ledger_account;
DROP FUNCTION guard_ledger(), check_ledger_transaction(), check_posting();
`;
