import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { testServer } from '../../../test/support/server.ts';
import { verifyConsistency } from '../../kernel/merkle.ts';
import { appendReceipts, sealCheckpoint } from './service.ts';

const s = await testServer();
const ids: string[] = [];

const issue = (count: number) =>
  s.t.transact(
    async (tx) => {
      const documents = Array.from({ length: count }, (_, at) => ({
        kind: 'invoice',
        subject_id: randomUUID(),
        payload: { at },
      }));
      ids.push(...documents.map(({ subject_id }) => subject_id));
      await appendReceipts(tx, documents);
      await sealCheckpoint(tx);
    },
    { tenant_id: s.tenant.tenant_id },
  );
await issue(2);
await issue(3);

const asOther = { authorization: `Bearer ${s.other_key}` };

describe('the proof log over HTTP', () => {
  it('publishes every tenant’s keys to whoever asks, or one tenant’s', async () => {
    const all = await s.call('GET', '/.well-known/jwks.json', undefined, { authorization: '' });
    expect(all.status).toBe(200);
    expect(all.headers['cache-control']).toContain('max-age');
    const mine = await s.call('GET', `/.well-known/jwks.json?tenant=${s.tenant.tenant_id}`, undefined, { authorization: '' });
    expect(mine.body.keys.map(({ alg }: { alg: string }) => alg).sort()).toEqual(['EdDSA', 'PS256']);
    expect(all.body.keys).toHaveLength(4);
    expect(all.body.keys).toEqual(expect.arrayContaining(mine.body.keys));
    expect(JSON.stringify(all.body)).not.toMatch(/"(d|p|q)":/);
    expect((await s.call('GET', `/.well-known/jwks.json?tenant=${randomUUID()}`)).body).toEqual({ keys: [] });
    for (const query of ['tenant=x', 'other=1'])
      expect((await s.call('GET', `/.well-known/jwks.json?${query}`)).status).toBe(422);
  });

  it('lists checkpoints and proves one to begin another', async () => {
    const { body } = await s.call('GET', '/v1/checkpoints');
    expect(body.data.map(({ size }: { size: number }) => size)).toEqual([5, 2]);
    const proof = await s.call('GET', '/v1/checkpoints/consistency?from=2&to=5');
    const { from, to, path } = proof.body;
    const bytes = (hex: string) => Buffer.from(hex, 'hex');
    expect(
      verifyConsistency({ from: 2, to: 5, from_root: bytes(from.root), to_root: bytes(to.root), path: path.map(bytes) }),
    ).toBe(true);
    expect(await s.call('GET', '/v1/checkpoints/consistency?from=1&to=5')).toMatchObject({
      status: 404,
      body: { code: 'checkpoint_unknown' },
    });
    for (const query of ['from=0&to=5', 'from=x&to=5', 'from=2', 'from=2&to=1e99', 'from=2&to=5&x=1'])
      expect((await s.call('GET', `/v1/checkpoints/consistency?${query}`)).status, query).toBe(422);
  });

  it('lists receipts, and answers those of a document with their proofs', async () => {
    const { body } = await s.call('GET', '/v1/receipts?limit=2');
    expect(body.data.map(({ seq }: { seq: number }) => seq)).toEqual([5, 4]);
    const rest = await s.call('GET', `/v1/receipts?limit=100&cursor=${encodeURIComponent(body.next_cursor)}`);
    expect(rest.body.data.map(({ seq }: { seq: number }) => seq)).toEqual([3, 2, 1]);
    const one = await s.call('GET', `/v1/receipts/${ids[0]}`);
    expect(one.body.data).toMatchObject([
      { receipt: { seq: 1, kind: 'invoice', subject_id: ids[0] }, inclusion: { previous_path: [] } },
    ]);
    expect((await s.call('GET', '/v1/receipts?kind=credit_note')).body.data).toEqual([]);
    for (const query of ['limit=0', 'limit=-1', 'limit=1000000000', 'x=1'])
      expect((await s.call('GET', `/v1/receipts?${query}`)).status, query).toBe(422);
    expect((await s.call('GET', '/v1/receipts?cursor=abc')).body.code).toBe('cursor_invalid');
  });

  it('answers another tenant’s document exactly as an unknown one', async () => {
    const foreign = await s.call('GET', `/v1/receipts/${ids[0]}`, undefined, asOther);
    const unknown = await s.call('GET', `/v1/receipts/${randomUUID()}`, undefined, asOther);
    expect(foreign).toMatchObject({ status: 404, body: { code: 'receipt_unknown' } });
    expect([foreign.status, foreign.body.code, foreign.body.detail]).toEqual([
      unknown.status,
      unknown.body.code,
      unknown.body.detail,
    ]);
    expect((await s.call('GET', '/v1/receipts', undefined, asOther)).body.data).toEqual([]);
    expect((await s.call('GET', '/v1/checkpoints', undefined, asOther)).body.data).toEqual([]);
    expect((await s.call('GET', '/v1/checkpoints/consistency?from=2&to=5', undefined, asOther)).status).toBe(404);
    for (const path of ['/v1/receipts', '/v1/checkpoints'])
      expect((await s.call('GET', path, undefined, { authorization: 'Bearer nonsense' })).status).toBe(401);
  });
});
