/** Runs, invoices with gapless numbers, and lines that must sum to the total when the transaction commits. */
export const up = /* sql */ `
CREATE TABLE billing_run (
  tenant_id uuid NOT NULL,
  run_id uuid NOT NULL,
  from_date date NOT NULL,
  to_date date NOT NULL CHECK (to_date > from_date AND isfinite(from_date) AND isfinite(to_date)),
  org_id uuid,
  status text NOT NULL CHECK (status IN ('queued', 'running', 'completed', 'failed')),
  total int NOT NULL DEFAULT 0 CHECK (total >= 0),
  done int NOT NULL DEFAULT 0 CHECK (done >= 0),
  invoices int NOT NULL DEFAULT 0 CHECK (invoices >= 0),
  already_billed int NOT NULL DEFAULT 0 CHECK (already_billed >= 0),
  errors jsonb NOT NULL DEFAULT '[]',
  requested_by text NOT NULL,
  created_at tsok NOT NULL,
  finished_at tsok,
  PRIMARY KEY (tenant_id, run_id),
  FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id)
);
CREATE INDEX billing_run_newest ON billing_run (tenant_id, created_at DESC, run_id DESC);
SELECT tenant_table('billing_run');
GRANT UPDATE (status, total, done, invoices, already_billed, errors, finished_at) ON billing_run TO tally_app;

-- A row locked by the transaction that finalises: numbers have no gap, whatever is rolled back or killed.
CREATE TABLE invoice_counter (
  tenant_id uuid NOT NULL,
  series text NOT NULL CHECK (series ~ '^[A-Z]{2,8}$'),
  last bigint NOT NULL CHECK (last >= 0),
  PRIMARY KEY (tenant_id, series)
);
SELECT tenant_table('invoice_counter');
GRANT UPDATE (last) ON invoice_counter TO tally_app;

CREATE TABLE invoice (
  tenant_id uuid NOT NULL,
  invoice_id uuid NOT NULL,
  series text NOT NULL,
  seq bigint NOT NULL CHECK (seq >= 1),
  number text NOT NULL,
  org_id uuid NOT NULL,
  run_id uuid NOT NULL,
  currency ccy NOT NULL,
  status text NOT NULL CHECK (status IN ('open', 'paid', 'void', 'uncollectible')),
  from_date date NOT NULL,
  to_date date NOT NULL CHECK (to_date > from_date AND isfinite(from_date) AND isfinite(to_date)),
  total_minor money_minor NOT NULL,
  document jsonb NOT NULL,
  document_hash sha256_hash NOT NULL,
  ledger_transaction_id uuid,
  -- lines may only arrive in the same database transaction
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  issued_at tsok NOT NULL,
  due_at tsok NOT NULL,
  paid_at tsok,
  payment_reference text,
  voided_at tsok,
  void_reason text,
  PRIMARY KEY (tenant_id, invoice_id),
  CONSTRAINT invoice_number_once UNIQUE (tenant_id, series, seq),
  UNIQUE (tenant_id, number),
  FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id),
  FOREIGN KEY (tenant_id, run_id) REFERENCES billing_run (tenant_id, run_id),
  CHECK ((status = 'paid') = (paid_at IS NOT NULL)),
  CHECK ((status = 'void') = (voided_at IS NOT NULL)),
  CHECK ((status = 'void') = (void_reason IS NOT NULL)),
  CHECK (payment_reference IS NULL OR status = 'paid'),
  CHECK (due_at::timestamptz >= issued_at::timestamptz),
  CONSTRAINT invoice_number_is_its_place CHECK (number = series || '-' || lpad(seq::text, greatest(6, length(seq::text)), '0')),
  FOREIGN KEY (tenant_id, ledger_transaction_id) REFERENCES ledger_transaction (tenant_id, transaction_id)
);
CREATE INDEX invoice_newest ON invoice (tenant_id, seq DESC);
CREATE INDEX invoice_org ON invoice (tenant_id, org_id, seq DESC);
SELECT tenant_table('invoice');
GRANT UPDATE (status, paid_at, payment_reference, voided_at, void_reason) ON invoice TO tally_app;
-- xid is the database's own word: nobody may write another.
REVOKE INSERT ON invoice FROM tally_app;
GRANT INSERT (tenant_id, invoice_id, series, seq, number, org_id, run_id, currency, status, from_date, to_date, total_minor, document, document_hash,
              ledger_transaction_id, issued_at, due_at) ON invoice TO tally_app;

CREATE TABLE invoice_line (
  tenant_id uuid NOT NULL,
  invoice_id uuid NOT NULL,
  line_id uuid NOT NULL,
  position int NOT NULL CHECK (position >= 1),
  charge_id uuid NOT NULL,
  entry_id uuid NOT NULL,
  description text NOT NULL,
  sku text,
  unit text,
  quantity qty NOT NULL,
  amount_exact qty NOT NULL,
  amount_minor money_minor NOT NULL,
  during tstzrange NOT NULL CHECK (NOT isempty(during) AND isfinite(lower(during)) AND isfinite(upper(during))),
  PRIMARY KEY (tenant_id, line_id),
  UNIQUE (tenant_id, invoice_id, position),
  UNIQUE (tenant_id, charge_id),
  FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoice (tenant_id, invoice_id),
  FOREIGN KEY (tenant_id, charge_id) REFERENCES charge (tenant_id, charge_id)
);
SELECT tenant_table('invoice_line');
SELECT append_only('invoice_line');

CREATE FUNCTION invoice_total_is_lines() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE CONSTRAINT TRIGGER invoice_total AFTER INSERT ON invoice DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION invoice_total_is_lines();
ALTER TABLE invoice ENABLE ALWAYS TRIGGER invoice_total;

-- A line joins its invoice in the transaction that makes it; afterwards the set is closed.
CREATE FUNCTION invoice_lines_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM (SELECT DISTINCT tenant_id, invoice_id FROM arrived) a
               LEFT JOIN invoice i ON i.tenant_id = a.tenant_id AND i.invoice_id = a.invoice_id
              WHERE i.invoice_id IS NULL OR i.xid <> pg_current_xact_id()) THEN
    RAISE EXCEPTION 'a line cannot join an invoice that was issued' USING ERRCODE = '42501', CONSTRAINT = 'invoice_lines_closed';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER invoice_lines_closed AFTER INSERT ON invoice_line REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION invoice_lines_closed();
ALTER TABLE invoice_line ENABLE ALWAYS TRIGGER invoice_lines_closed;

-- open → paid | void | uncollectible, and nothing else about an issued invoice ever changes.
CREATE FUNCTION invoice_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE states text[] := ARRAY['status', 'paid_at', 'payment_reference', 'voided_at', 'void_reason'];
BEGIN
  IF TG_OP = 'DELETE' OR OLD.status <> 'open' AND NOT (OLD.status = 'uncollectible' AND NEW.status IN ('paid', 'void'))
     OR NEW.status = 'open' OR (to_jsonb(NEW) - states) IS DISTINCT FROM (to_jsonb(OLD) - states) THEN
    RAISE EXCEPTION 'an issued invoice does not change' USING ERRCODE = '42501', CONSTRAINT = 'invoice_is_final';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER invoice_guard BEFORE UPDATE OR DELETE ON invoice FOR EACH ROW EXECUTE FUNCTION invoice_guard();
ALTER TABLE invoice ENABLE ALWAYS TRIGGER invoice_guard;

SELECT audit_rule('I4 invoice is not its lines', $q$
  SELECT i.tenant_id::text, i.invoice_id::text FROM invoice i LEFT JOIN invoice_line l ON (l.tenant_id, l.invoice_id) = (i.tenant_id, i.invoice_id)
   GROUP BY i.tenant_id, i.invoice_id, i.total_minor HAVING coalesce(sum(l.amount_minor), 0) <> i.total_minor $q$);
SELECT audit_rule('I4b invoice line is not its charge', $q$
  SELECT l.tenant_id::text, l.line_id::text FROM invoice_line l JOIN charge c ON (c.tenant_id, c.charge_id) = (l.tenant_id, l.charge_id)
    JOIN invoice i ON (i.tenant_id, i.invoice_id) = (l.tenant_id, l.invoice_id)
   WHERE (l.amount_minor, l.amount_exact, l.quantity, i.org_id, i.currency) IS DISTINCT FROM (c.amount_minor, c.amount_exact, c.quantity, c.org_id, c.currency) $q$);
SELECT audit_rule('I4c charge that counts on a void invoice, or does not on a live one', $q$
  SELECT l.tenant_id::text, l.line_id::text FROM invoice_line l JOIN charge c ON (c.tenant_id, c.charge_id) = (l.tenant_id, l.charge_id)
    JOIN invoice i ON (i.tenant_id, i.invoice_id) = (l.tenant_id, l.invoice_id) WHERE c.live = (i.status = 'void') $q$);
SELECT audit_rule('I4d charge of a cycle that no invoice has', $q$
  SELECT c.tenant_id::text, c.charge_id::text FROM charge c LEFT JOIN invoice_line l ON (l.tenant_id, l.charge_id) = (c.tenant_id, c.charge_id)
   WHERE c.kind <> 'action' AND l.line_id IS NULL $q$);
SELECT audit_rule('I4e invoice line is not its ledger line', $q$
  SELECT l.tenant_id::text, l.line_id::text FROM invoice_line l JOIN invoice i ON (i.tenant_id, i.invoice_id) = (l.tenant_id, l.invoice_id)
    LEFT JOIN ledger e ON (e.tenant_id, e.entry_id) = (l.tenant_id, l.entry_id)
   WHERE (l.amount_minor, l.charge_id, l.invoice_id, i.currency, i.status = 'void')
         IS DISTINCT FROM (e.amount_gross, e.charge_id, e.invoice_id, e.currency, e.status = 'reversed') $q$);
SELECT audit_rule('I4f invoice is not its ledger transaction', $q$
  SELECT i.tenant_id::text, i.invoice_id::text FROM invoice i
    LEFT JOIN (SELECT p.tenant_id, p.transaction_id, sum(p.amount_minor) AS owed FROM posting p
                 JOIN ledger_account a ON (a.tenant_id, a.account_id) = (p.tenant_id, p.account_id) AND a.kind = 'receivable'
                GROUP BY p.tenant_id, p.transaction_id) t ON (t.tenant_id, t.transaction_id) = (i.tenant_id, i.ledger_transaction_id)
    LEFT JOIN ledger_transaction r ON (r.tenant_id, r.reverses) = (i.tenant_id, i.ledger_transaction_id)
   WHERE coalesce(t.owed, 0) <> i.total_minor
      OR (i.ledger_transaction_id IS NOT NULL AND (i.status = 'void') <> (r.transaction_id IS NOT NULL)) $q$);
SELECT audit_rule('I8 invoice number gap', $q$
  SELECT tenant_id::text, concat_ws(' ', series, 'max', max(i.seq), 'count', count(i.seq), 'counter', max(c.last))
    FROM invoice i FULL JOIN invoice_counter c USING (tenant_id, series)
   GROUP BY tenant_id, series HAVING coalesce(max(i.seq), 0) <> count(i.seq) OR min(i.seq) <> 1 OR max(c.last) IS DISTINCT FROM coalesce(max(i.seq), 0) $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule('I4 invoice is not its lines');
SELECT drop_audit_rule('I4b invoice line is not its charge');
SELECT drop_audit_rule('I4c charge that counts on a void invoice, or does not on a live one');
SELECT drop_audit_rule('I4d charge of a cycle that no invoice has');
SELECT drop_audit_rule('I4e invoice line is not its ledger line');
SELECT drop_audit_rule('I4f invoice is not its ledger transaction');
SELECT drop_audit_rule('I8 invoice number gap');
DROP TABLE invoice_line, invoice, invoice_counter, billing_run;
DROP FUNCTION invoice_guard(), invoice_lines_closed(), invoice_total_is_lines();
`;
