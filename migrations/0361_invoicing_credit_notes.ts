/** Credit notes: documents that take back lines of an issued invoice, in part or whole, and never more than is on it. */
export const up = /* sql */ `
CREATE TABLE credit_note (
  tenant_id uuid NOT NULL,
  credit_note_id uuid NOT NULL,
  series text NOT NULL CHECK (series = 'CN'),
  seq bigint NOT NULL CHECK (seq >= 1),
  number text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('correction', 'rebill')),
  invoice_id uuid NOT NULL,
  org_id uuid NOT NULL,
  currency ccy NOT NULL,
  total_minor money_minor NOT NULL,
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
  after_payment boolean NOT NULL,
  document jsonb NOT NULL,
  document_hash sha256_hash NOT NULL,
  ledger_transaction_id uuid,
  -- lines may only arrive in the same database transaction
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  issued_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, credit_note_id),
  CONSTRAINT credit_note_number_once UNIQUE (tenant_id, series, seq),
  CONSTRAINT credit_note_number_is_its_place CHECK (number = series || '-' || lpad(seq::text, greatest(6, length(seq::text)), '0')),
  CONSTRAINT credit_note_posts_its_total CHECK ((ledger_transaction_id IS NOT NULL) OR total_minor = 0),
  FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoice (tenant_id, invoice_id),
  FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id),
  FOREIGN KEY (tenant_id, ledger_transaction_id) REFERENCES ledger_transaction (tenant_id, transaction_id)
);
CREATE INDEX credit_note_of_invoice ON credit_note (tenant_id, invoice_id);
CREATE INDEX credit_note_org ON credit_note (tenant_id, org_id, seq DESC);
SELECT tenant_table('credit_note');
SELECT append_only('credit_note');
-- xid is the database's own word: nobody may write another.
REVOKE INSERT ON credit_note FROM tally_app;
GRANT INSERT (tenant_id, credit_note_id, series, seq, number, kind, invoice_id, org_id, currency, total_minor, reason, after_payment, document,
              document_hash, ledger_transaction_id, issued_at) ON credit_note TO tally_app;
COMMENT ON COLUMN credit_note.total_minor IS 'minor units; above zero is credited to the payer';
COMMENT ON COLUMN credit_note.after_payment IS 'the invoice was paid by then: the payer is owed the amount';

CREATE TABLE credit_note_line (
  tenant_id uuid NOT NULL,
  credit_note_id uuid NOT NULL,
  line_id uuid NOT NULL,
  position int NOT NULL CHECK (position >= 1),
  invoice_line_id uuid NOT NULL,
  entry_id uuid NOT NULL,
  amount_minor money_minor NOT NULL,
  PRIMARY KEY (tenant_id, line_id),
  CONSTRAINT credit_note_line_in_place UNIQUE (tenant_id, credit_note_id, position),
  CONSTRAINT credit_note_line_once UNIQUE (tenant_id, credit_note_id, invoice_line_id),
  FOREIGN KEY (tenant_id, credit_note_id) REFERENCES credit_note (tenant_id, credit_note_id),
  FOREIGN KEY (tenant_id, invoice_line_id) REFERENCES invoice_line (tenant_id, line_id),
  FOREIGN KEY (tenant_id, entry_id) REFERENCES ledger (tenant_id, entry_id)
);
CREATE INDEX credit_note_line_of ON credit_note_line (tenant_id, invoice_line_id);
SELECT tenant_table('credit_note_line');
SELECT append_only('credit_note_line');
COMMENT ON COLUMN credit_note_line.amount_minor IS 'minor units with the sign of the invoice line; so much of it is taken back';

-- A note is for the invoice's own payer and currency, while the invoice is open or paid. The invoice is locked until the transaction
-- ends: of two notes at once, the checks of the second see the first.
CREATE FUNCTION credit_note_fits_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bill record;
BEGIN
  SELECT org_id, currency, status INTO bill FROM invoice i WHERE i.tenant_id = NEW.tenant_id AND i.invoice_id = NEW.invoice_id FOR UPDATE;
  IF NOT FOUND THEN RAISE EXCEPTION 'invoice % cannot be seen', NEW.invoice_id USING ERRCODE = '42501', CONSTRAINT = 'invoice_invisible'; END IF;
  IF (bill.org_id, bill.currency) IS DISTINCT FROM (NEW.org_id, NEW.currency) THEN
    RAISE EXCEPTION 'a credit note has the payer and the currency of its invoice' USING ERRCODE = '23514', CONSTRAINT = 'credit_note_is_of_invoice';
  END IF;
  IF bill.status NOT IN ('open', 'paid') OR NEW.after_payment <> (bill.status = 'paid') THEN
    RAISE EXCEPTION 'an invoice that is % takes no such credit note', bill.status USING ERRCODE = '23514', CONSTRAINT = 'credit_note_invoice_status';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER credit_note_fits_invoice BEFORE INSERT ON credit_note FOR EACH ROW EXECUTE FUNCTION credit_note_fits_invoice();
ALTER TABLE credit_note ENABLE ALWAYS TRIGGER credit_note_fits_invoice;

-- Lines come in the note's own transaction, for lines of its invoice, and leave every one of them between nothing and itself. A line of
-- more or less than nothing is credited by more or less than nothing.
CREATE FUNCTION credit_note_lines_fit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bad record;
BEGIN
  PERFORM 1 FROM arrived a LEFT JOIN credit_note n ON (n.tenant_id, n.credit_note_id) = (a.tenant_id, a.credit_note_id)
    WHERE n.xid IS DISTINCT FROM pg_current_xact_id() LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'a line cannot join a credit note that was issued' USING ERRCODE = '42501', CONSTRAINT = 'credit_note_lines_closed';
  END IF;
  PERFORM 1 FROM arrived a JOIN credit_note n ON (n.tenant_id, n.credit_note_id) = (a.tenant_id, a.credit_note_id)
    LEFT JOIN invoice_line l ON (l.tenant_id, l.line_id, l.invoice_id) = (a.tenant_id, a.invoice_line_id, n.invoice_id)
    WHERE l.line_id IS NULL OR (a.amount_minor = 0) <> (l.amount_minor = 0) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'a credit note credits lines of its own invoice' USING ERRCODE = '23514', CONSTRAINT = 'credit_note_line_is_of_invoice';
  END IF;
  SELECT l.line_id, l.amount_minor, sum(c.amount_minor) AS credited INTO bad
    FROM (SELECT DISTINCT tenant_id, invoice_line_id FROM arrived) a
    JOIN invoice_line l ON (l.tenant_id, l.line_id) = (a.tenant_id, a.invoice_line_id)
    JOIN credit_note_line c ON (c.tenant_id, c.invoice_line_id) = (l.tenant_id, l.line_id)
   GROUP BY l.tenant_id, l.line_id, l.amount_minor
  HAVING sum(c.amount_minor) NOT BETWEEN least(0, l.amount_minor) AND greatest(0, l.amount_minor) OR (l.amount_minor = 0 AND count(*) > 1) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'invoice line % of % would be credited %', bad.line_id, bad.amount_minor, bad.credited USING ERRCODE = '23514', CONSTRAINT = 'credit_within_line';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER credit_note_lines_fit AFTER INSERT ON credit_note_line REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION credit_note_lines_fit();
ALTER TABLE credit_note_line ENABLE ALWAYS TRIGGER credit_note_lines_fit;

-- At commit a note is the sum of its lines, of which it has some, and a correction leaves the invoice's credits between nothing and its
-- total. A rebill may pass the total where other lines of the invoice are below zero: what it takes back comes again on a new invoice.
CREATE FUNCTION credit_note_total_is_lines() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE lines record; bill bigint; credited bigint;
BEGIN
  SELECT count(*) AS count, coalesce(sum(amount_minor), 0) AS total INTO lines
    FROM credit_note_line l WHERE l.tenant_id = NEW.tenant_id AND l.credit_note_id = NEW.credit_note_id;
  IF lines.count = 0 OR lines.total <> NEW.total_minor THEN
    RAISE EXCEPTION 'credit note % is % but its lines are %', NEW.credit_note_id, NEW.total_minor, lines.total
      USING ERRCODE = '23514', CONSTRAINT = 'credit_note_total_is_lines';
  END IF;
  SELECT total_minor INTO bill FROM invoice i WHERE i.tenant_id = NEW.tenant_id AND i.invoice_id = NEW.invoice_id;
  SELECT sum(total_minor) INTO credited FROM credit_note n WHERE n.tenant_id = NEW.tenant_id AND n.invoice_id = NEW.invoice_id;
  IF NEW.kind = 'correction' AND credited NOT BETWEEN least(0, bill) AND greatest(0, bill) THEN
    RAISE EXCEPTION 'invoice % of % would be credited %', NEW.invoice_id, bill, credited USING ERRCODE = '23514', CONSTRAINT = 'credit_within_invoice';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER credit_note_total AFTER INSERT ON credit_note DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION credit_note_total_is_lines();
ALTER TABLE credit_note ENABLE ALWAYS TRIGGER credit_note_total;

-- What was credited is not taken back a second time by a void.
CREATE FUNCTION invoice_credited_is_not_void() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM credit_note n WHERE n.tenant_id = NEW.tenant_id AND n.invoice_id = NEW.invoice_id) THEN
    RAISE EXCEPTION 'invoice % has credit notes', NEW.invoice_id USING ERRCODE = '23514', CONSTRAINT = 'invoice_credited_is_not_void';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER invoice_credited_is_not_void BEFORE UPDATE ON invoice FOR EACH ROW WHEN (NEW.status = 'void')
  EXECUTE FUNCTION invoice_credited_is_not_void();
ALTER TABLE invoice ENABLE ALWAYS TRIGGER invoice_credited_is_not_void;

SELECT drop_audit_rule('I4c charge that counts on a void invoice, or does not on a live one');
SELECT drop_audit_rule('I4e invoice line is not its ledger line');
SELECT drop_audit_rule('I8 invoice number gap');
SELECT audit_rule('I4c charge that counts on a void invoice, or does not though its line stands', $q$
  SELECT l.tenant_id::text, l.line_id::text FROM invoice_line l JOIN charge c ON (c.tenant_id, c.charge_id) = (l.tenant_id, l.charge_id)
    JOIN invoice i ON (i.tenant_id, i.invoice_id) = (l.tenant_id, l.invoice_id)
    LEFT JOIN credit_note_line k ON (k.tenant_id, k.invoice_line_id) = (l.tenant_id, l.line_id)
   GROUP BY l.tenant_id, l.line_id, l.amount_minor, c.live, i.status
  HAVING CASE WHEN c.live THEN i.status = 'void' ELSE i.status <> 'void' AND coalesce(sum(k.amount_minor), 0) <> l.amount_minor END $q$);
SELECT audit_rule('I4e invoice line is not its ledger line', $q$
  SELECT l.tenant_id::text, l.line_id::text FROM invoice_line l JOIN invoice i ON (i.tenant_id, i.invoice_id) = (l.tenant_id, l.invoice_id)
    LEFT JOIN ledger e ON (e.tenant_id, e.entry_id) = (l.tenant_id, l.entry_id)
    LEFT JOIN (SELECT tenant_id, invoice_line_id, sum(amount_minor) AS credited FROM credit_note_line GROUP BY tenant_id, invoice_line_id) k
      ON (k.tenant_id, k.invoice_line_id) = (l.tenant_id, l.line_id)
   WHERE (l.amount_minor, l.charge_id, l.invoice_id, i.currency) IS DISTINCT FROM (e.amount_gross, e.charge_id, e.invoice_id, e.currency)
      OR (e.status = 'reversed') <> (i.status = 'void' OR (k.credited IS NOT DISTINCT FROM l.amount_minor AND e.status <> 'settled')) $q$);
SELECT audit_rule('I8 invoice number gap', $q$
  SELECT tenant_id::text, concat_ws(' ', series, 'max', max(i.seq), 'count', count(i.seq), 'counter', max(c.last))
    FROM (SELECT tenant_id, series, seq FROM invoice UNION ALL SELECT tenant_id, series, seq FROM credit_note) i
    FULL JOIN invoice_counter c USING (tenant_id, series)
   GROUP BY tenant_id, series HAVING coalesce(max(i.seq), 0) <> count(i.seq) OR min(i.seq) <> 1 OR max(c.last) IS DISTINCT FROM coalesce(max(i.seq), 0) $q$);
SELECT audit_rule('I9 credit note is not its lines', $q$
  SELECT n.tenant_id::text, n.credit_note_id::text FROM credit_note n
    LEFT JOIN credit_note_line l ON (l.tenant_id, l.credit_note_id) = (n.tenant_id, n.credit_note_id)
   GROUP BY n.tenant_id, n.credit_note_id, n.total_minor HAVING count(l.line_id) = 0 OR sum(l.amount_minor) <> n.total_minor $q$);
SELECT audit_rule('I9b invoice line credited beyond itself, or by a note for another invoice', $q$
  SELECT l.tenant_id::text, l.line_id::text FROM credit_note_line c
    JOIN credit_note n ON (n.tenant_id, n.credit_note_id) = (c.tenant_id, c.credit_note_id)
    JOIN invoice_line l ON (l.tenant_id, l.line_id) = (c.tenant_id, c.invoice_line_id)
   GROUP BY l.tenant_id, l.line_id, l.amount_minor
  HAVING sum(c.amount_minor) NOT BETWEEN least(0, l.amount_minor) AND greatest(0, l.amount_minor) OR bool_or(n.invoice_id <> l.invoice_id) $q$);
SELECT audit_rule('I9c invoice credited beyond its total', $q$
  SELECT i.tenant_id::text, i.invoice_id::text FROM invoice i JOIN credit_note n ON (n.tenant_id, n.invoice_id) = (i.tenant_id, i.invoice_id)
   GROUP BY i.tenant_id, i.invoice_id, i.total_minor
  HAVING bool_and(n.kind = 'correction') AND sum(n.total_minor) NOT BETWEEN least(0, i.total_minor) AND greatest(0, i.total_minor) $q$);
SELECT audit_rule('I9d credit note for another payer or currency than its invoice, or for a void one', $q$
  SELECT n.tenant_id::text, n.credit_note_id::text FROM credit_note n JOIN invoice i ON (i.tenant_id, i.invoice_id) = (n.tenant_id, n.invoice_id)
   WHERE (n.org_id, n.currency) IS DISTINCT FROM (i.org_id, i.currency) OR i.status = 'void' $q$);
SELECT audit_rule('I9e credit note is not its ledger transaction', $q$
  SELECT n.tenant_id::text, n.credit_note_id::text FROM credit_note n
    LEFT JOIN (SELECT p.tenant_id, p.transaction_id, sum(p.amount_minor) AS rest, sum(p.amount_minor) FILTER (WHERE a.kind = 'receivable') AS owed,
                      sum(p.amount_minor) FILTER (WHERE a.kind = 'revenue') AS revenue
                 FROM posting p JOIN ledger_account a ON (a.tenant_id, a.account_id) = (p.tenant_id, p.account_id)
                GROUP BY p.tenant_id, p.transaction_id) t ON (t.tenant_id, t.transaction_id) = (n.tenant_id, n.ledger_transaction_id)
    LEFT JOIN (SELECT l.tenant_id, l.credit_note_id, sum(e.net) AS net FROM credit_note_line l
                 JOIN ledger e ON (e.tenant_id, e.entry_id) = (l.tenant_id, l.entry_id) GROUP BY l.tenant_id, l.credit_note_id) k
      ON (k.tenant_id, k.credit_note_id) = (n.tenant_id, n.credit_note_id)
   WHERE coalesce(t.rest, 0) <> 0 OR coalesce(t.owed, 0) <> -n.total_minor OR coalesce(t.revenue, 0) <> -coalesce(k.net, 0) $q$);
SELECT audit_rule('I9f credit note line is not its ledger line', $q$
  SELECT c.tenant_id::text, c.line_id::text FROM credit_note_line c
    JOIN invoice_line l ON (l.tenant_id, l.line_id) = (c.tenant_id, c.invoice_line_id)
    LEFT JOIN ledger e ON (e.tenant_id, e.entry_id) = (c.tenant_id, c.entry_id)
   WHERE (e.amount_gross, e.corrects, e.invoice_id) IS DISTINCT FROM (-c.amount_minor, l.entry_id, l.invoice_id) $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule(name) FROM (VALUES ('I9 credit note is not its lines'),
  ('I9b invoice line credited beyond itself, or by a note for another invoice'), ('I9c invoice credited beyond its total'),
  ('I9d credit note for another payer or currency than its invoice, or for a void one'), ('I9e credit note is not its ledger transaction'),
  ('I9f credit note line is not its ledger line'), ('I8 invoice number gap'), ('I4e invoice line is not its ledger line'),
  ('I4c charge that counts on a void invoice, or does not though its line stands')) AS rule (name);
DROP TRIGGER invoice_credited_is_not_void ON invoice;
DROP TABLE credit_note_line, credit_note;
DROP FUNCTION invoice_credited_is_not_void(), credit_note_total_is_lines(), credit_note_lines_fit(), credit_note_fits_invoice();
SELECT audit_rule('I4c charge that counts on a void invoice, or does not on a live one', $q$
  SELECT l.tenant_id::text, l.line_id::text FROM invoice_line l JOIN charge c ON (c.tenant_id, c.charge_id) = (l.tenant_id, l.charge_id)
    JOIN invoice i ON (i.tenant_id, i.invoice_id) = (l.tenant_id, l.invoice_id) WHERE c.live = (i.status = 'void') $q$);
SELECT audit_rule('I4e invoice line is not its ledger line', $q$
  SELECT l.tenant_id::text, l.line_id::text FROM invoice_line l JOIN invoice i ON (i.tenant_id, i.invoice_id) = (l.tenant_id, l.invoice_id)
    LEFT JOIN ledger e ON (e.tenant_id, e.entry_id) = (l.tenant_id, l.entry_id)
   WHERE (l.amount_minor, l.charge_id, l.invoice_id, i.currency, i.status = 'void')
         IS DISTINCT FROM (e.amount_gross, e.charge_id, e.invoice_id, e.currency, e.status = 'reversed') $q$);
SELECT audit_rule('I8 invoice number gap', $q$
  SELECT tenant_id::text, concat_ws(' ', series, 'max', max(i.seq), 'count', count(i.seq), 'counter', max(c.last))
    FROM invoice i FULL JOIN invoice_counter c USING (tenant_id, series)
   GROUP BY tenant_id, series HAVING coalesce(max(i.seq), 0) <> count(i.seq) OR min(i.seq) <> 1 OR max(c.last) IS DISTINCT FROM coalesce(max(i.seq), 0) $q$);
`;
