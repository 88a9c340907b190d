/** The tenants that have a clock of their own, found without looking at the others. */
export const up = /* sql */ `
CREATE INDEX tenant_with_test_clock ON tenant (tenant_id) WHERE test_clock_at IS NOT NULL;
`;

export const down = /* sql */ `
DROP INDEX tenant_with_test_clock;
`;
