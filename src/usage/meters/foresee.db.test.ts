import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testImports } from '../../../test/support/imports.ts';
import { createSku, skusByCode } from '../../offer/catalog/service.ts';
import { certainRow } from './decide/foresee.ts';
import type { UsageRow } from './model.ts';
import { rehearse } from './service/rehearsal.ts';

const { t, newPlace } = await testImports();

describe('a row that metering takes for certain', () => {
  it('is never one that it refuses', async () => {
    const { org_id } = await newPlace();
    await t.transact((tx) => createSku(tx, { sku: 'strict', type: 'action', unit: 'unit', late_policy: 'reject' }));
    const certain = certainRow(await t.read(skusByCode), t.scope().now);
    let number = 0;
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constantFrom('plain', 'a b', '', 'x'.repeat(300)));
    const time = fc.oneof(
      fc
        .tuple(
          fc.constantFrom('1999', '2000', '2023', '2024', '2026', '2027'),
          fc.constantFrom('01', '02', '03', '04', '12', '13', '00'),
          fc.constantFrom('01', '02', '28', '29', '30', '31', '00', '32'),
          fc.constantFrom('00:00:00', '23:59:59', '24:00:00', '12:60:00', '00:00:60', '7:00:00'),
          fc.constantFrom('Z', '+10:00', '-14:00', '+15:00', '+00:60', '', '.5Z'),
        )
        .map(([year, month, day, clock, offset]) => `${year}-${month}-${day}T${clock}${offset}`),
      text,
    );
    const row: fc.Arbitrary<UsageRow> = fc
      .record({
        line: fc.nat(),
        request_id: fc.oneof({ weight: 5, arbitrary: fc.constant('id') }, text),
        sku: fc.constantFrom('lead', 'lead', 'lead', 'visit', 'strict', 'unheard'),
        quantity: fc.oneof(
          { weight: 5, arbitrary: fc.constantFrom('1', '0.25', '00.500', '26000000000000000000000000') },
          fc.constantFrom('-1', '1e3', '.5', '1.', '1.0000000000001', '9'.repeat(27)),
          text,
        ),
        time: fc.oneof({ weight: 2, arbitrary: fc.constant('2023-03-01T00:00:00Z') }, time),
        properties: fc.option(fc.dictionary(fc.constantFrom('a', 'b'), text), { nil: undefined }),
      })
      .map((made) => {
        number += 1;
        const { properties, ...rest } = made;
        const request_id = rest.request_id === 'id' ? `row-${number}` : rest.request_id;
        return { ...rest, request_id, org_id, source: 'import', ...(properties ? { properties } : {}) };
      });
    const rows = fc.sample(row, { numRuns: 20_000, seed: 7 }).filter(certain);
    const once = [...new Map(rows.map((each) => [each.request_id, each])).values()];
    expect(once.length).toBeGreaterThan(1000);
    for (let at = 0; at < once.length; at += 5000) {
      const events = once.slice(at, at + 5000).map(({ line: _line, ...event }) => event);
      const { rejected } = await rehearse(t.postgres, t.tenant_id, events, { now: t.scope().now, org_ids: null });
      expect(rejected).toEqual([]);
    }
  });
});
