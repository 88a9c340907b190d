import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compactVerify, createLocalJWKSet } from 'jose';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { leafHash, merkleRoot, verifyConsistency, verifyInclusion } from '../../kernel/merkle.ts';
import { documentHash, firstPrevHash, jwkThumbprint, receiptHash } from '../../kernel/proof.ts';
import type { Db, Tx } from '../../platform/postgres.ts';
import { keepCheckpointsIn } from './adapters/checkpoint-folder.ts';
import type { Checkpoint } from './model.ts';
import {
  appendReceipts,
  consistencyBetween,
  createTenantKeys,
  jwks,
  listCheckpoints,
  listReceipts,
  proofFor,
  provenReceipts,
  publishedJwks,
  receiptFor,
  rotateKey,
  sealCheckpoint,
  signAck,
} from './service.ts';

const t = await testDatabase();
const folder = mkdtempSync(join(tmpdir(), 'tallystick-receipts-'));

beforeAll(async () => {
  keepCheckpointsIn(folder);
  await t.transact(createTenantKeys);
});
afterAll(() => rmSync(folder, { recursive: true }));

const documents = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ kind: 'invoice', subject_id: randomUUID(), payload: { at } }));
const issue = (count: number) =>
  t.transact(async (tx) => {
    const receipts = await appendReceipts(tx, documents(count));
    return { receipts, checkpoint: (await sealCheckpoint(tx))! };
  });
const defects = () => t.superuser(`SELECT defect, what FROM audit WHERE defect LIKE 'P%'`);
const bytes = (hex: string) => Buffer.from(hex, 'hex');

describe('the receipt log', () => {
  it('chains receipts, seals them, and proves each one and its link, however the log grows', async () => {
    const all = [];
    for (const count of [1, 1, 5, 1, 12]) {
      const { receipts, checkpoint } = await issue(count);
      all.push(...receipts);
      expect(checkpoint.size).toBe(all.length);
      expect(checkpoint.root).toBe(merkleRoot(all.map(({ hash }) => bytes(hash))).toString('hex'));
      for (const receipt of all) {
        const proof = await t.read((db) => proofFor(db, receipt));
        const { payload } = await compactVerify(proof.checkpoint, createLocalJWKSet({ keys: [...proof.jwks.keys] } as never), {
          algorithms: ['PS256'],
        });
        const signed = JSON.parse(Buffer.from(payload).toString()) as { log: string; size: number; root: string };
        expect(signed.log).toBe(t.tenant_id);
        const base = { size: signed.size, root: bytes(signed.root) };
        const at = { ...base, leaf: receiptHash(receipt), index: receipt.seq - 1, path: proof.inclusion.path.map(bytes) };
        expect(verifyInclusion(at)).toBe(true);
        if (receipt.seq === 1) {
          expect(receipt.prev_hash).toBe(firstPrevHash);
          expect(proof.inclusion.previous_path).toEqual([]);
        } else {
          const link = {
            ...base,
            leaf: bytes(receipt.prev_hash),
            index: receipt.seq - 2,
            path: proof.inclusion.previous_path.map(bytes),
          };
          expect(verifyInclusion(link)).toBe(true);
        }
      }
    }
    expect(all.map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
    expect(all.slice(1).map(({ prev_hash }) => prev_hash)).toEqual(all.slice(0, -1).map(({ hash }) => hash));
    expect(await defects()).toEqual([]);
  });

  it('records the hash of the document, found again by kind and document', async () => {
    const payload = { number: 'INV-1', total: '12.34' };
    const subject_id = randomUUID();
    const [made] = await t.transact((tx) => appendReceipts(tx, [{ kind: 'credit_note', subject_id, payload }]));
    expect(made!.payload_hash).toBe(documentHash(payload).toString('hex'));
    expect(await t.read((db) => receiptFor(db, 'credit_note', subject_id))).toEqual(made);
    expect(await t.read((db) => receiptFor(db, 'invoice', subject_id))).toBeUndefined();
    await expect(t.read((db) => proofFor(db, made!))).rejects.toMatchObject({ code: 'receipt_not_sealed' });
    expect(await t.read((db) => provenReceipts(db, subject_id))).toEqual([{ receipt: made, inclusion: null, checkpoint: null }]);
    await t.transact(sealCheckpoint);
    expect((await t.read((db) => provenReceipts(db, subject_id)))[0]!.checkpoint).toMatch(/^ey/);
    await expect(t.read((db) => provenReceipts(db, randomUUID()))).rejects.toMatchObject({ code: 'receipt_unknown' });
  });

  it('gives a document one receipt of a kind', async () => {
    const [document] = documents(1);
    await t.transact((tx) => appendReceipts(tx, [document!]));
    await expect(t.transact((tx) => appendReceipts(tx, [document!]))).rejects.toMatchObject({ code: '23505' });
  });

  it('has no gap when twenty transactions append at once and half of them roll back', async () => {
    const before = (await t.read((db) => listReceipts(db, { limit: 1 }))).data[0]!.seq;
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, at) =>
        t.transact(async (tx) => {
          await appendReceipts(tx, documents(3));
          if (at % 2 === 0) throw new Error('rolled back');
          await sealCheckpoint(tx);
        }),
      ),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    expect((await t.read((db) => listReceipts(db, { limit: 1 }))).data[0]!.seq).toBe(before + 30);
    expect(await defects()).toEqual([]);
  });

  it('answers the last checkpoint again when nothing was appended since', async () => {
    const { checkpoint } = await issue(2);
    expect((await t.transact(sealCheckpoint))!.jws).toBe(checkpoint.jws);
    expect(await t.transact(sealCheckpoint, { tenant_id: t.other_tenant_id })).toBeUndefined();
  });

  it('links any two checkpoints by a consistency proof', async () => {
    const { data } = await t.read((db) => listCheckpoints(db, { limit: 100 }));
    for (const [later, earlier] of [
      [data[0]!, data.at(-1)!],
      [data[1]!, data[3]!],
      [data[0]!, data[0]!],
    ] as [Checkpoint, Checkpoint][]) {
      const { from, to, path } = await t.read((db) => consistencyBetween(db, earlier.size, later.size));
      expect(
        verifyConsistency({
          from: from.size,
          to: to.size,
          from_root: bytes(from.root),
          to_root: bytes(to.root),
          path: path.map(bytes),
        }),
      ).toBe(true);
    }
    for (const [later, earlier] of data.slice(0, -1).map((each, at) => [each, data[at + 1]!] as const)) {
      expect(later.previous_size).toBe(earlier.size);
      const proof = {
        from: earlier.size,
        to: later.size,
        from_root: bytes(earlier.root),
        to_root: bytes(later.root),
        path: later.consistency.map(bytes),
      };
      expect(verifyConsistency(proof)).toBe(true);
    }
    await expect(t.read((db) => consistencyBetween(db, 1, 9999))).rejects.toMatchObject({ code: 'checkpoint_unknown' });
  });

  it('pages through receipts and checkpoints without losing one', async () => {
    type List = (db: Db, query: { limit: number; cursor?: string }) => Promise<{ data: unknown[]; next_cursor: string | null }>;
    for (const list of [listReceipts, listCheckpoints] as List[]) {
      const whole = (await t.read((db) => list(db, { limit: 100 }))).data;
      const paged: unknown[] = [];
      let cursor: string | null | undefined;
      while (cursor !== null) {
        const page = await t.read((db) => list(db, { limit: 7, cursor: cursor ?? undefined }));
        paged.push(...page.data);
        cursor = page.next_cursor;
      }
      expect(paged).toEqual(whole);
    }
  });
});

describe('the database', () => {
  const plant = (text: string) => t.superuser(text, [t.tenant_id]);
  const columns = 'tenant_id, seq, kind, subject_id, payload_hash, prev_hash, hash, issued_at';
  const next = `SELECT tenant_id, seq + 1, 'invoice', gen_random_uuid(), payload_hash, hash, sha256('x'), issued_at FROM receipt WHERE tenant_id = $1 ORDER BY seq DESC LIMIT 1`;

  it('refuses a receipt whose hash is not of its statement, even from a superuser', async () => {
    await expect(plant(`INSERT INTO receipt (${columns}) ${next}`)).rejects.toMatchObject({
      constraint: 'receipt_hash_is_of_statement',
    });
  });

  it('refuses a receipt that skips a number or names another as the one before', async () => {
    const { seq } = (await t.read((db) => listReceipts(db, { limit: 1 }))).data[0]!;
    for (const [skip, prev_hash] of [
      [2, 'ab'.repeat(32)],
      [1, 'cd'.repeat(32)],
    ] as const) {
      const statement = {
        tenant_id: t.tenant_id,
        seq: seq + skip,
        kind: 'invoice',
        subject_id: randomUUID(),
        payload_hash: 'ef'.repeat(32),
        prev_hash,
        issued_at: '2026-03-01T00:00:00.25Z',
      };
      const values = [
        statement.tenant_id,
        statement.seq,
        statement.kind,
        statement.subject_id,
        bytes(statement.payload_hash),
        bytes(prev_hash),
        receiptHash(statement),
        statement.issued_at,
      ];
      await expect(
        t.superuser(`INSERT INTO receipt (${columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, values),
      ).rejects.toMatchObject({ constraint: 'receipt_chain' });
    }
  });

  it.each(['receipt', 'receipt_node', 'checkpoint'])('refuses to change, delete or truncate %s', async (table) => {
    for (const text of [`UPDATE ${table} SET tenant_id = tenant_id`, `DELETE FROM ${table}`, `TRUNCATE ${table} CASCADE`])
      await expect(t.superuser(text)).rejects.toMatchObject({ code: '42501' });
  });

  it('refuses to shorten a log or to bring a retired key back', async () => {
    await expect(t.superuser('UPDATE receipt_log SET size = 0')).rejects.toMatchObject({ constraint: 'receipt_log_grows' });
    await expect(t.superuser('UPDATE signing_key SET private_sealed = $1', [Buffer.alloc(1)])).rejects.toMatchObject({
      constraint: 'signing_key_retire',
    });
  });

  it('keeps tenants apart', async () => {
    expect((await t.read((db) => listReceipts(db, { limit: 100 }), { tenant_id: t.other_tenant_id })).data).toEqual([]);
    expect(await t.read((db) => jwks(db), { tenant_id: t.other_tenant_id })).toEqual({ keys: [] });
  });

  it('finds every planted defect in its audit', async () => {
    const broken = await testDatabase();
    const append = (tx: Tx) => appendReceipts(tx, documents(4)).then(() => sealCheckpoint(tx));
    await broken.transact(append);
    const audit = async () =>
      (await broken.superuser<{ defect: string }>(`SELECT DISTINCT defect FROM audit WHERE defect LIKE 'P%' ORDER BY 1`)).map(
        ({ defect }) => defect.slice(0, 2),
      );
    expect(await audit()).toEqual([]);
    const plantAll = async (...texts: string[]) => {
      for (const text of texts) await broken.superuser(text);
    };
    await plantAll(
      'ALTER TABLE receipt DISABLE TRIGGER ALL',
      'ALTER TABLE receipt_node DISABLE TRIGGER ALL',
      'ALTER TABLE receipt DROP CONSTRAINT receipt_hash_is_of_statement',
    );
    await plantAll("UPDATE receipt_node SET hash = sha256('x') WHERE level = 1 AND node = 0");
    expect(await audit()).toEqual(['P4']);
    await plantAll("UPDATE receipt SET payload_hash = sha256('x') WHERE seq = 3");
    expect(await audit()).toEqual(['P4', 'P5']);
    await plantAll('DELETE FROM receipt WHERE seq IN (2, 4)');
    expect(await audit()).toEqual(['P1', 'P2', 'P3', 'P4', 'P5', 'P6']);
    await broken.close();
  });
});

describe('keys', () => {
  it('are named by their thumbprint, published without secrets, and stay published after rotation', async () => {
    const before = await t.read((db) => jwks(db));
    expect(before.keys.map(({ alg }) => alg).sort()).toEqual(['EdDSA', 'PS256']);
    for (const key of before.keys) {
      expect(key.kid).toBe(jwkThumbprint(key));
      expect(Object.keys(key)).not.toContain('d');
    }
    const fresh = await t.transact((tx) => rotateKey(tx, 'checkpoint'));
    const after = await t.read((db) => jwks(db));
    expect(after.keys).toHaveLength(3);
    expect(after.keys).toEqual(expect.arrayContaining(before.keys));
    expect((await issue(1)).checkpoint.kid).toBe(fresh.kid);
    expect(await publishedJwks(t.postgres, t.tenant_id)).toEqual(after);
    expect((await publishedJwks(t.postgres, null)).keys).toEqual(expect.arrayContaining(after.keys));
    expect(await publishedJwks(t.postgres, randomUUID())).toEqual({ keys: [] });
  });

  it('are made once, also when two ask at the same moment', async () => {
    const over = { tenant_id: t.other_tenant_id };
    await Promise.all([t.transact(createTenantKeys, over), t.transact(createTenantKeys, over)]);
    expect((await t.read((db) => jwks(db), over)).keys).toHaveLength(2);
  });

  it('cannot be read by the roles that look across tenants', async () => {
    for (const role of ['auth', 'auditor'] as const)
      await expect(t.postgres.pool(role).query('SELECT private_sealed FROM signing_key')).rejects.toMatchObject({
        code: '42501',
      });
  });

  it('acknowledge leaves with a signature that the JWKS verifies, also after a rotation', async () => {
    const root = leafHash('a leaf');
    for (const rotate of [false, true]) {
      if (rotate) await t.transact((tx) => rotateKey(tx, 'ack'));
      const ack = await signAck(t.postgres, {
        tenant_id: t.tenant_id,
        root: root.toString('hex'),
        count: 1,
        time: '2026-03-01T00:00:00Z',
      });
      const { payload, protectedHeader } = await compactVerify(
        ack,
        createLocalJWKSet((await publishedJwks(t.postgres, null)) as never),
      );
      expect(protectedHeader).toMatchObject({ alg: 'EdDSA', typ: 'tallystick-ack' });
      expect(Buffer.from(payload).toString()).toBe(
        `{"count":1,"root":"${root.toString('hex')}","tenant_id":"${t.tenant_id}","time":"2026-03-01T00:00:00Z"}`,
      );
    }
  });
});

describe('the checkpoints outside the database', () => {
  const path = join(folder, 'checkpoints', `${t.tenant_id}.ndjson`);
  const lines = () =>
    readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { size: number; checkpoint: string });

  it('are all those that were committed, in order', async () => {
    await issue(1);
    const stored = (
      await t.superuser<{ size: string; jws: string }>('SELECT size, jws FROM checkpoint WHERE tenant_id = $1 ORDER BY size', [
        t.tenant_id,
      ])
    ).map(({ jws }) => jws);
    expect(lines().map(({ checkpoint }) => checkpoint)).toEqual(stored);
  });

  it('gain what a crash kept from the file, and go on after a line that was cut', async () => {
    await issue(1);
    const whole = readFileSync(path, 'utf8');
    const kept = whole.trimEnd().split('\n').slice(0, -3).join('\n');
    writeFileSync(path, `${kept}\n{"checkpoint":"ey`);
    keepCheckpointsIn(folder);
    await issue(1);
    const after = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '{"checkpoint":"ey');
    expect(after.join('\n').startsWith(whole)).toBe(true);
    expect(after).toHaveLength(whole.split('\n').length + 1);
  });
});

it('utc_text and the kernel print the same moment alike', async () => {
  for (const moment of [
    '2026-03-01T00:00:00Z',
    '2026-03-01T10:20:30.5Z',
    '2026-03-01T10:20:30.000001Z',
    '2026-12-31T23:59:50.1Z',
    '2026-10-10T10:10:10.10Z',
  ]) {
    const { text } = await t.read((db) => db.one(sql<{ text: string }>`SELECT utc_text(${moment}) AS text`));
    expect(text).toBe(Temporal.Instant.from(moment).toString());
  }
});
