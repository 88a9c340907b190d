import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import type { Tx } from '../../platform/postgres.ts';
import {
  changeOrganization,
  createOrganization,
  linkChild,
  organizationBySlug,
  requireOrganization,
  subtree,
} from './service.ts';

let t: TestDatabase;
let made = 0;

beforeAll(async () => {
  t = await testDatabase();
});

const create = (tx: Tx, parent_org_id?: string) => {
  made += 1;
  return createOrganization(tx, {
    legal_name: `Party ${made}`,
    org_slug: `party-${made}`,
    billing_email: 'bills@party.example',
    default_timezone: 'Australia/Sydney',
    ...(parent_org_id === undefined ? {} : { parent_org_id }),
  });
};
const constraintOf = async (work: Promise<unknown>): Promise<string | undefined> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(pg.DatabaseError);
  return (error as pg.DatabaseError).constraint;
};
const auditDefects = () =>
  t.superuser<{ defect: string; what: string }>("SELECT defect, what FROM audit WHERE defect LIKE 'I10%'");

describe('the tree', () => {
  it('keeps its closure when a subtree is moved from one parent to another', async () => {
    // a > b > c > d and x > y; then b moves below y: x > y > b > c > d, and a alone.
    const ids = await t.transact(async (tx) => {
      const a = await create(tx);
      const b = await create(tx, a.org_id);
      const c = await create(tx, b.org_id);
      const d = await create(tx, c.org_id);
      const x = await create(tx);
      const y = await create(tx, x.org_id);
      await changeOrganization(tx, b.org_id, { parent_org_id: y.org_id });
      return { a: a.org_id, b: b.org_id, c: c.org_id, d: d.org_id, x: x.org_id, y: y.org_id };
    });
    expect(await t.read((db) => subtree(db, ids.a))).toEqual([ids.a]);
    expect((await t.read((db) => subtree(db, ids.x))).sort()).toEqual([ids.b, ids.c, ids.d, ids.x, ids.y].sort());
    const depths = await t.superuser<{ depth: number }>(
      'SELECT depth FROM org_hierarchy WHERE ancestor_org_id = $1 AND descendant_org_id = $2',
      [ids.x, ids.d],
    );
    expect(depths).toEqual([{ depth: 4 }]);
    expect(await auditDefects()).toEqual([]);
  });

  it('refuses an organization as its own parent', async () => {
    const org = await t.transact((tx) => create(tx));
    expect(await constraintOf(t.transact((tx) => changeOrganization(tx, org.org_id, { parent_org_id: org.org_id })))).toMatch(
      /organization_not_its_own_parent|org_hierarchy_cycle/,
    );
  });

  it('refuses a parent that is below', async () => {
    const [top, bottom] = await t.transact(async (tx) => {
      const first = await create(tx);
      const second = await create(tx, first.org_id);
      return [first, await create(tx, second.org_id)];
    });
    expect(await constraintOf(t.transact((tx) => linkChild(tx, bottom!.org_id, top!.org_id)))).toBe('org_hierarchy_cycle');
    expect(await auditDefects()).toEqual([]);
  });

  it('refuses one of two links that close a cycle when both are made at once', async () => {
    const [a, b] = await t.transact(async (tx) => [await create(tx), await create(tx)]);
    const results = await Promise.allSettled([
      t.transact((tx) => linkChild(tx, a!.org_id, b!.org_id)),
      t.transact((tx) => linkChild(tx, b!.org_id, a!.org_id)),
    ]);
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await auditDefects()).toEqual([]);
  });

  it('is 64 deep below a root and no deeper', async () => {
    const bottom = await t.transact(async (tx) => {
      let last = await create(tx);
      for (let depth = 1; depth <= 64; depth += 1) last = await create(tx, last.org_id);
      return last;
    });
    expect(await constraintOf(t.transact((tx) => create(tx, bottom.org_id)))).toBe('org_hierarchy_depth');
  });

  it('has a closure that only its trigger writes, and the audit finds one that was tampered with', async () => {
    const [a, b] = await t.transact(async (tx) => [await create(tx), await create(tx)]);
    const client = await t.postgres.pool('app').connect();
    try {
      await client.query("BEGIN; SELECT set_config('tally.tenant_id', $1, true)".replace('$1', `'${t.tenant_id}'`));
      expect(await constraintOf(client.query('DELETE FROM org_hierarchy'))).toBe('org_hierarchy_by_trigger');
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
    await t.superuser(`SET session_replication_role = replica;
      INSERT INTO org_hierarchy VALUES ('${t.tenant_id}', '${a!.org_id}', '${b!.org_id}', 1); RESET session_replication_role`);
    expect(await auditDefects()).toEqual([{ defect: 'I10 closure differs from tree', what: `${a!.org_id} > ${b!.org_id}` }]);
    await t.superuser(`SET session_replication_role = replica;
      DELETE FROM org_hierarchy WHERE depth = 1 AND ancestor_org_id = '${a!.org_id}'; RESET session_replication_role`);
  });

  it('refuses a parent of another tenant', async () => {
    const foreign = await t.transact((tx) => create(tx), { tenant_id: t.other_tenant_id });
    await expect(t.transact((tx) => create(tx, foreign.org_id))).rejects.toMatchObject({ code: 'parent_org_unknown' });
  });
});

describe('an organization', () => {
  it('has a slug that is unique in its tenant, and that another tenant may use', async () => {
    const { org_slug } = await t.transact((tx) => create(tx));
    const same = (tx: Tx) =>
      createOrganization(tx, { legal_name: 'Same', org_slug, billing_email: 'a@b.example', default_timezone: 'UTC' });
    expect(await constraintOf(t.transact(same))).toBe('organization_org_slug');
    expect(await t.transact(same, { tenant_id: t.other_tenant_id })).toMatchObject({ org_slug });
  });

  it('of another tenant answers exactly as an unknown one', async () => {
    const foreign = await t.transact((tx) => create(tx), { tenant_id: t.other_tenant_id });
    const unknown = '00000000-0000-7000-8000-000000000000';
    for (const org_id of [foreign.org_id, unknown]) {
      const refusal = { code: 'org_not_found', status: 404, message: `There is no organization ${org_id}.` };
      await expect(t.read((db) => requireOrganization(db, org_id))).rejects.toMatchObject(refusal);
    }
    expect(await t.read((db) => organizationBySlug(db, foreign.org_slug))).toBeUndefined();
    expect(await t.read((db) => subtree(db, foreign.org_id))).toEqual([]);
  });

  it('is never deleted, not even by whoever owns the tables', async () => {
    const { org_id } = await t.transact((tx) => create(tx));
    await expect(t.superuser('DELETE FROM organization WHERE org_id = $1', [org_id])).rejects.toMatchObject({ code: '42501' });
  });

  it('is put on record with its maker, before and after, and told to those who follow', async () => {
    const actor = { kind: 'user' as const, id: 'u1', name: 'Ada' };
    const { org_id } = await t.transact((tx) => create(tx), { actor, request_id: 'r1' });
    await t.transact((tx) => changeOrganization(tx, org_id, { legal_name: 'Renamed', tax_id: 'T1' }), { actor });
    const entries = await t.superuser(
      'SELECT action, actor_name, before, after FROM audit_log WHERE target_id = $1 ORDER BY ctid',
      [org_id],
    );
    expect(entries).toMatchObject([
      { action: 'organization.created', actor_name: 'Ada', before: null, after: { org_id, tax_id: null } },
      { action: 'organization.changed', before: { tax_id: null }, after: { legal_name: 'Renamed', tax_id: 'T1' } },
    ]);
    const told = await t.superuser('SELECT type, data, status FROM billing_events WHERE aggregate_id = $1 ORDER BY seq', [
      org_id,
    ]);
    expect(told).toMatchObject([
      { type: 'organization.created', status: 'pending', data: { org_id } },
      { type: 'organization.changed', status: 'pending', data: { org_id, changed: ['legal_name', 'tax_id'] } },
    ]);
  });

  it('changes nothing and tells nothing when the change is what it is already', async () => {
    const org = await t.transact((tx) => create(tx));
    await t.transact((tx) => changeOrganization(tx, org.org_id, { legal_name: org.legal_name }));
    expect(await t.superuser('SELECT 1 FROM billing_events WHERE aggregate_id = $1', [org.org_id])).toHaveLength(1);
  });
});

describe('every table of the room', () => {
  it.each(['tenant', 'organization', 'org_hierarchy', 'project', 'audit_log', 'billing_events', 'event_inbox', 'event_position'])(
    '%s shows a tenant nothing of another, and nothing at all without one',
    async (table) => {
      const client = await t.postgres.pool('app').connect();
      try {
        const without = await client.query(`SELECT count(*)::int AS n FROM ${table}`);
        expect(without.rows).toEqual([{ n: 0 }]);
        await client.query(`BEGIN; SELECT set_config('tally.tenant_id', '${t.other_tenant_id}', true)`);
        const foreign = await client.query(`SELECT count(*)::int AS n FROM ${table} WHERE tenant_id = $1`, [t.tenant_id]);
        expect(foreign.rows).toEqual([{ n: 0 }]);
      } finally {
        await client.query('ROLLBACK');
        client.release();
      }
    },
  );

  it('fits the rules that the server demands of the catalog', async () => {
    expect(await t.superuser("SELECT defect, what FROM audit WHERE defect ~ '^R'")).toEqual([]);
  });
});
