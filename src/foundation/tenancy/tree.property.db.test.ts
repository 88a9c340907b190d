import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { changeOrganization, createOrganization } from './service.ts';

let t: TestDatabase;
let made = 0;

beforeAll(async () => {
  t = await testDatabase();
});

const size = 7;
const newOrganizations = () =>
  t.transact(async (tx) => {
    const ids: string[] = [];
    for (let n = 0; n < size; n += 1) {
      made += 1;
      const org = { legal_name: 'O', org_slug: `o-${made}`, billing_email: 'a@b.example', default_timezone: 'UTC' };
      ids.push((await createOrganization(tx, org)).org_id);
    }
    return ids;
  });
const move = (org_id: string, parent_org_id: string | null) =>
  t.transact((tx) => changeOrganization(tx, org_id, { parent_org_id }));
const index = fc.nat({ max: size - 1 });
const moves = fc.array(fc.record({ child: index, parent: fc.option(index, { nil: null }) }), { minLength: 1, maxLength: 25 });

describe('the closure', () => {
  it('is what walking up the parents gives, and a move is refused exactly when it would close a cycle', async () => {
    await fc.assert(
      fc.asyncProperty(moves, async (steps) => {
        const ids = await newOrganizations();
        const parents = new Map<number, number>();
        const above = (from: number): number[] => [from, ...(parents.has(from) ? above(parents.get(from)!) : [])];
        for (const { child, parent } of steps) {
          const closes = parent !== null && above(parent).includes(child);
          const moved = await move(ids[child]!, parent === null ? null : ids[parent]!).then(
            () => true,
            () => false,
          );
          expect(moved).toBe(!closes);
          if (closes) continue;
          if (parent === null) parents.delete(child);
          else parents.set(child, parent);
        }
        const expected = ids.flatMap((id, n) => above(n).map((ancestor, depth) => `${ids[ancestor]} ${id} ${depth}`));
        const stored = await t.superuser<{ pair: string }>(
          `SELECT ancestor_org_id || ' ' || descendant_org_id || ' ' || depth AS pair FROM org_hierarchy WHERE descendant_org_id = ANY ($1)`,
          [ids],
        );
        expect(stored.map((row) => row.pair).toSorted()).toEqual(expected.toSorted());
      }),
      { numRuns: 25 },
    );
  });

  it('stays the tree however many move at once', async () => {
    await fc.assert(
      fc.asyncProperty(moves, async (steps) => {
        const ids = await newOrganizations();
        await Promise.allSettled(steps.map(({ child, parent }) => move(ids[child]!, parent === null ? null : ids[parent]!)));
        expect(await t.superuser("SELECT what FROM audit WHERE defect LIKE 'I10%'")).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });
});
