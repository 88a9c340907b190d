import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../../src/platform/embedded-postgres.ts';
import { prepareJobs } from '../../src/platform/jobs.ts';
import { migrateUp } from '../../src/platform/migrate.ts';
import { ensureRoles } from '../../src/platform/roles.ts';
import { dataFolder } from './data-folder.ts';

declare module 'vitest' {
  interface ProvidedContext {
    admin: { host: string; port: number; user: string; password: string };
    login: { name: string; password: string };
    template: string;
  }
}

/** One PostgreSQL for the whole test run, and in it one migrated template database that every test file copies. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = dataFolder();
  const server = await startEmbeddedPostgres({
    data_dir: folder.path,
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' },
  });
  const template = `template_${randomBytes(4).toString('hex')}`;
  const admin = new pg.Client(server.admin);
  await admin.connect();
  await ensureRoles(admin, server.login);
  await admin.query(`CREATE DATABASE ${template}`);
  await admin.end();
  const client = new pg.Client({ ...server.admin, database: template });
  await client.connect();
  await migrateUp(client);
  await client.end();
  await prepareJobs({ ...server.admin, database: template });
  project.provide('admin', {
    host: String(server.admin.host),
    port: Number.parseInt(String(server.admin.port), 10),
    user: String(server.admin.user),
    password: String(server.admin.password),
  });
  project.provide('login', server.login);
  project.provide('template', template);
  return async () => {
    await server.stop();
    folder.remove();
  };
}
