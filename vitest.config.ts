import { defineConfig } from 'vitest/config';
import { missingServers } from './test/support/optional-servers.ts';

const exclude = ['**/node_modules/**', '**/dist/**', '.tallystick/**'];
/** Tests that talk to PostgreSQL, alone, behind HTTP, or behind a browser. */
const onDatabase = '{src,test,sdk,console}/**/*.{db,http,browser}.test.ts';
/** Tests whose browser or server is not installed are left out here, and scripts/test.ts names them. */
const notHere = missingServers().map(({ files }) => files);

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['{src,test,sdk,console}/**/*.test.ts'], exclude: [...exclude, onDatabase] },
      },
      {
        extends: true,
        test: {
          name: 'database',
          include: [onDatabase],
          exclude: [...exclude, ...notHere],
          globalSetup: ['test/support/postgres-server.ts'],
        },
      },
    ],
  },
});
