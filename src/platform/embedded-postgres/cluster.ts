import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedPostgresError } from './errors.ts';
import type { Place } from './place.ts';

/**
 * Makes the cluster where there is none: beside its place, then moved into it, so that a cluster is whole or not there. What was
 * killed on the way is removed, under the hands of an initdb that lives on. Whoever calls it holds the lock of the place.
 */
export async function initialiseCluster(place: Place, superuser_password: string): Promise<void> {
  if (existsSync(join(place.cluster, 'PG_VERSION'))) return;
  for (const name of readdirSync(place.root)) {
    if (name.startsWith('new-')) rmSync(join(place.root, name), { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
  const draft = join(place.root, `new-${randomBytes(4).toString('hex')}`);
  const password_file = `${draft}.password`;
  writeFileSync(password_file, `${superuser_password}\n`, { mode: 0o600 });
  if (place.ids) chownSync(password_file, place.ids.uid, place.ids.gid);
  await initdb(place, [`--pgdata=${draft}`, `--pwfile=${password_file}`]);
  rmSync(password_file);
  renameSync(draft, place.cluster);
}

/** In a session of its own: Ctrl-C in the terminal is for us, and what has begun is finished first. */
async function initdb(place: Place, more: readonly string[]): Promise<void> {
  const flags = [
    '--username=postgres',
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--data-checksums',
    '--no-instructions',
  ];
  const child = spawn(place.binaries.initdb, [...more, ...flags], {
    ...(place.ids ?? {}),
    cwd: place.root,
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new EmbeddedPostgresError(`initdb failed:\n${complaint.trim()}`);
}
