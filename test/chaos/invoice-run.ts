import { strict as assert } from 'node:assert';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { agreeOnInvoices, type InvoiceRunCounts } from './invoices.ts';
import { admin_key, chaosServer } from './server.ts';

/** `agreeOnInvoices` through a server of its own, as customers use it, and its audit at the end. */
export async function invoiceRun(options: {
  seed: number;
  events: number;
  tell: (line: string) => void;
}): Promise<InvoiceRunCounts & { defects: number; seconds: number }> {
  const began = performance.now();
  const server = await chaosServer(mkdtempSync(join(tmpdir(), 'tallystick-invoices-')), { generation_events: '1000000' });
  try {
    await server.start();
    const call = async (
      method: string,
      path: string,
      body?: unknown,
    ): Promise<{ status: number; body: ReturnType<typeof JSON.parse> }> => {
      const answer = await fetch(`${server.address}${path}`, {
        method,
        headers: { authorization: `Bearer ${admin_key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const told = await answer.json();
      if (answer.status !== 429) return { status: answer.status, body: told };
      await sleep(1000 * Number.parseInt(answer.headers.get('retry-after') ?? '1', 10));
      return call(method, path, body);
    };
    const bill = async (from: string, to: string) => {
      const { body } = await call('POST', '/v1/billing/runs', { from, to });
      for (;;) {
        const { body: run } = await call('GET', `/v1/billing/runs/${body.run_id}`);
        if (run.status === 'completed' || run.status === 'failed') return run;
        await sleep(200);
      }
    };
    const counts = await agreeOnInvoices({ call, bill }, { ...options, customers: 200, batch: 1000 });
    const audit = await server.run(['audit', '--json']);
    assert.equal(audit.code, 0, audit.stdout + audit.stderr);
    return { ...counts, defects: 0, seconds: Math.round((performance.now() - began) / 1000) };
  } finally {
    await server.remove();
  }
}
