/** A ledger line may take back part of another, or all of it: the same parties, never more than is left. */
export const up = /* sql */ `
ALTER TABLE ledger ADD COLUMN corrects uuid NULL,
  ADD CONSTRAINT ledger_corrects_line FOREIGN KEY (tenant_id, corrects) REFERENCES ledger (tenant_id, entry_id),
  ADD CONSTRAINT ledger_correction_form CHECK (corrects IS NULL OR (charge_id IS NULL AND period IS NOT NULL AND corrects <> entry_id));
CREATE INDEX ledger_corrections ON ledger (tenant_id, corrects) WHERE corrects IS NOT NULL;
COMMENT ON COLUMN ledger.corrects IS 'the line that this one takes back, in part or whole; its amounts have the other sign';

-- A line and its corrections lie between nothing and the line, in gross, share and net. The corrected line is locked first: of two
-- corrections at once, the second sees the first.
CREATE FUNCTION check_ledger_correction() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE line ledger; taken record;
BEGIN
  SELECT * INTO line FROM ledger l WHERE l.tenant_id = NEW.tenant_id AND l.entry_id = NEW.corrects FOR UPDATE;
  IF NOT FOUND OR line.corrects IS NOT NULL OR line.status = 'reversed'
     OR (line.org_id, line.project_id, line.sku, line.currency, line.partner_id, line.partner_pct, line.invoice_id, line.period)
        IS DISTINCT FROM (NEW.org_id, NEW.project_id, NEW.sku, NEW.currency, NEW.partner_id, NEW.partner_pct, NEW.invoice_id, NEW.period) THEN
    RAISE EXCEPTION 'ledger line % does not correct line %', NEW.entry_id, NEW.corrects USING ERRCODE = '23514', CONSTRAINT = 'ledger_correction_is_of_line';
  END IF;
  SELECT line.amount_gross + sum(amount_gross) AS gross, line.partner_amount + sum(partner_amount) AS partner, line.net + sum(net) AS net INTO taken
    FROM ledger c WHERE c.tenant_id = NEW.tenant_id AND c.corrects = NEW.corrects;
  IF taken.gross NOT BETWEEN least(0, line.amount_gross) AND greatest(0, line.amount_gross)
     OR taken.partner NOT BETWEEN least(0, line.partner_amount) AND greatest(0, line.partner_amount)
     OR taken.net NOT BETWEEN least(0, line.net) AND greatest(0, line.net) THEN
    RAISE EXCEPTION 'corrections of ledger line % go beyond it', NEW.corrects USING ERRCODE = '23514', CONSTRAINT = 'ledger_correction_within_line';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_correction AFTER INSERT ON ledger FOR EACH ROW WHEN (NEW.corrects IS NOT NULL) EXECUTE FUNCTION check_ledger_correction();
ALTER TABLE ledger ENABLE ALWAYS TRIGGER ledger_correction;

SELECT audit_rule('I5c ledger line corrected beyond itself, or for another', $q$
  SELECT l.tenant_id, l.entry_id FROM ledger l JOIN ledger c ON (c.tenant_id, c.corrects) = (l.tenant_id, l.entry_id)
   GROUP BY l.tenant_id, l.entry_id
  HAVING l.amount_gross + sum(c.amount_gross) NOT BETWEEN least(0, l.amount_gross) AND greatest(0, l.amount_gross)
      OR l.partner_amount + sum(c.partner_amount) NOT BETWEEN least(0, l.partner_amount) AND greatest(0, l.partner_amount)
      OR l.net + sum(c.net) NOT BETWEEN least(0, l.net) AND greatest(0, l.net)
      OR bool_or((l.org_id, l.project_id, l.sku, l.currency, l.partner_id, l.invoice_id)
                 IS DISTINCT FROM (c.org_id, c.project_id, c.sku, c.currency, c.partner_id, c.invoice_id)) $q$);
SELECT audit_rule('I5d ledger line and corrections that are not reversed together, or leave something', $q$
  SELECT l.tenant_id, l.entry_id FROM ledger l JOIN ledger c ON (c.tenant_id, c.corrects) = (l.tenant_id, l.entry_id)
   GROUP BY l.tenant_id, l.entry_id
  HAVING bool_or((c.status = 'reversed') <> (l.status = 'reversed'))
      OR (l.status = 'reversed' AND (l.quantity + sum(c.quantity), l.amount_exact + sum(c.amount_exact), l.amount_gross + sum(c.amount_gross),
                                     l.partner_amount + sum(c.partner_amount)) IS DISTINCT FROM (0, 0, 0, 0)) $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule(name) FROM (VALUES ('I5d ledger line and corrections that are not reversed together, or leave something'),
  ('I5c ledger line corrected beyond itself, or for another')) AS rule (name);
DROP TRIGGER ledger_correction ON ledger;
DROP FUNCTION check_ledger_correction();
ALTER TABLE ledger DROP COLUMN corrects;
`;
