import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../src/platform/embedded-postgres/postmaster.ts';
import { dataFolder } from '../test/support/data-folder.ts';
import type { Figure } from './figure.ts';

const settle_ms = 15_000;
const watch_ms = 60_000;
/** Linux tells processor time in hundredths of a second. */
const ticks_per_s = 100;

/** What a process with every role takes of one core while nobody asks anything of it, and what its PostgreSQL does. */
export async function run(): Promise<Figure[]> {
  const folder = dataFolder();
  const port = await freePort();
  const server = spawn(process.execPath, [fileURLToPath(new URL('../src/main.ts', import.meta.url)), 'serve'], {
    env: {
      ...process.env,
      TALLYSTICK_DATA_DIR: folder.path,
      TALLYSTICK_LOG_LEVEL: 'error',
      PORT: `${port}`,
      HOST: '127.0.0.1',
      DATABASE_URL: '',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    for (let tries = 0; !(await isReady(port)); tries += 1) {
      if (server.exitCode !== null || tries > 600) throw new Error('the server did not become ready');
      await sleep(100);
    }
    // What a start leaves to do is not idling.
    await sleep(settle_ms);
    const postmaster = Number.parseInt(readFileSync(join(folder.cluster(), 'postmaster.pid'), 'utf8'), 10);
    const [program_before, postgres_before, began] = [ticksOf(server.pid!), ticksOf(postmaster), performance.now()];
    await sleep(watch_ms);
    const wall_s = (performance.now() - began) / 1000;
    const figure = (name: string, ticks: number): Figure => {
      const used_s = ticks / ticks_per_s;
      return {
        name,
        ratio: used_s / wall_s,
        detail: `${used_s.toFixed(2)} s of processor in ${wall_s.toFixed(0)} s; lower is better`,
      };
    };
    return [
      figure('idle with all roles, of one core: the program', ticksOf(server.pid!) - program_before),
      figure('idle with all roles, of one core: its PostgreSQL', ticksOf(postmaster) - postgres_before),
    ];
  } finally {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
    folder.remove();
  }
}

async function isReady(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/readyz`).then(
    (answer) => answer.ok,
    () => false,
  );
}

/** Of a process, its children, and those of them that have ended (proc(5), fields 14 to 17). */
function ticksOf(pid: number): number {
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && statOf(name)?.[1] === `${pid}`);
  const fields = statOf(`${pid}`) ?? [];
  const own = fields.slice(11, 15).reduce((sum, ticks) => sum + Number.parseInt(ticks, 10), 0);
  const theirs = children.flatMap((child) => statOf(child)?.slice(11, 13) ?? []);
  return theirs.reduce((sum, ticks) => sum + Number.parseInt(ticks, 10), own);
}

/** From the state on, as a name may hold spaces; undefined when the process is gone. */
function statOf(pid: string): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ESRCH') return undefined;
    throw error;
  }
}
