import { expect, it } from 'vitest';
import { tallystick } from '../support/processes.ts';
import { testServer } from '../support/server.ts';

const s = await testServer();
const variables = { DATABASE_URL: s.t.url, TALLYSTICK_DATA_DIR: s.config.data_dir };

it('verifies the demo’s business without a difference, and names one line after one change of one stored event', {
  timeout: 240_000,
}, async () => {
  const made = await tallystick(['demo', '--months', '1', '--json'], variables).finished;
  expect(made, made.stderr).toMatchObject({ code: 0 });
  const { slug } = JSON.parse(made.stdout.trim().split('\n').at(-1)!);
  const verify = ['replay', '--verify', '--tenant', slug];
  const clean = await tallystick(verify, variables).finished;
  expect(clean.stdout).toMatch(/^verified {3}[1-9]\d* invoices/);
  expect(clean).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n0 differences\n$/) });

  // An event that is under one line: nothing was corrected or billed again.
  const [line] = await s.t.superuser<{ number: string; position: number; sku: string; org_slug: string; request_id: string }>(`
    SELECT i.number, l.position, l.sku, o.org_slug, e.request_id
      FROM invoice i JOIN tenant t USING (tenant_id) JOIN organization o USING (tenant_id, org_id)
      JOIN invoice_line l USING (tenant_id, invoice_id)
      JOIN metering_event e ON e.tenant_id = i.tenant_id AND e.org_id = i.org_id AND e.sku = l.sku AND l.during @> e.event_time::timestamptz
     WHERE t.slug = '${slug}' AND e.quantity > 0 ORDER BY i.seq, l.position, e.request_id LIMIT 1`);
  const { number, position, sku, org_slug, request_id } = line!;
  await s.t.superuser(`
    ALTER TABLE metering_event DISABLE TRIGGER ALL;
    UPDATE metering_event SET quantity = quantity + 1000 WHERE request_id = '${request_id}';
    ALTER TABLE metering_event ENABLE TRIGGER ALL`);
  const found = await tallystick([...verify, '--org', org_slug], variables).finished;
  expect(found.code).toBe(1);
  const named = found.stdout.split('\n').filter((text) => /^\S/.test(text));
  expect(named.slice(2)).toEqual([`${number} line ${position} ${sku}`, '1 difference']);
  expect(found.stdout).toContain(`events that are not as they were received: ${request_id}`);
});
