/** Charges of a period, retired ones too, and an organization's charges outside cycles: where both are rated again. */
export const up = /* sql */ `
CREATE INDEX charge_of_period ON charge (tenant_id, billed_period_id) WHERE billed_period_id IS NOT NULL;
CREATE INDEX charge_action ON charge (tenant_id, org_id, charge_id) WHERE kind = 'action';
`;

export const down = /* sql */ `
DROP INDEX charge_action, charge_of_period;
`;
