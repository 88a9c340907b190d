import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { start } from '../../src/app/compose.ts';
import { parseRoles, type Role, roles } from '../../src/app/roles.ts';
import { parseConfig } from '../../src/platform/config.ts';
import { testDatabase } from '../support/database.ts';

const t = await testDatabase();
const data_dir = mkdtempSync(join(tmpdir(), 'tallystick-roles-'));
afterAll(() => rmSync(data_dir, { recursive: true, force: true }));
const config = parseConfig(
  {
    ...{ DATABASE_URL: t.url, PORT: '0', TALLYSTICK_DATA_DIR: data_dir, TALLYSTICK_LOG_LEVEL: 'error' },
    TALLYSTICK_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
  },
  data_dir,
);

const pairs = roles.flatMap((one, at) => roles.slice(at + 1).map((other): Role[] => [one, other]));

describe('a process with the roles', () => {
  it.each([...roles.map((role): Role[] => [role]), ...pairs])(
    '%s %s answers how each of them does, and stops',
    async (...chosen) => {
      const named = chosen.filter((role): role is Role => role !== undefined);
      const running = await start(config, named);
      const ready = await fetch(`${running.address}/readyz`);
      expect([ready.status, await ready.json()]).toEqual([
        200,
        { status: 'ready', roles: Object.fromEntries(named.map((role) => [role, 'ready'])) },
      ]);
      expect((await fetch(`${running.address}/livez`)).status).toBe(200);
      expect(await (await fetch(`${running.address}/metrics`)).text()).toContain('process_cpu_seconds_total');
      expect((await fetch(`${running.address}/v1/orgs`)).status).toBe(named.includes('api') ? 401 : 404);
      await running.stop();
      await expect(fetch(`${running.address}/livez`)).rejects.toThrow();
    },
  );
});

it('knows its roles by name, each once', () => {
  expect(parseRoles(undefined)).toEqual(roles);
  expect(parseRoles('worker, router')).toEqual(['worker', 'router']);
  expect(() => parseRoles('api,nobody')).toThrow('There is no role “nobody”; there are api, ');
  expect(() => parseRoles('api,')).toThrow('There is no role “”');
  expect(() => parseRoles('api,worker,api')).toThrow('The role “api” is named twice.');
});
