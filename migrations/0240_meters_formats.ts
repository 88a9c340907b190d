/** Imports take NEM13, Green Button XML and MSCONS as well. */
export const up = /* sql */ `
ALTER TABLE usage_import DROP CONSTRAINT usage_import_format_check;
ALTER TABLE usage_import ADD CONSTRAINT usage_import_format_check
  CHECK (format IN ('auto', 'csv', 'nem12', 'nem13', 'greenbutton', 'mscons'));
`;

export const down = /* sql */ `
UPDATE usage_import SET format = 'auto' WHERE format IN ('nem13', 'greenbutton', 'mscons');
ALTER TABLE usage_import DROP CONSTRAINT usage_import_format_check;
ALTER TABLE usage_import ADD CONSTRAINT usage_import_format_check CHECK (format IN ('auto', 'csv', 'nem12'));
`;
