import { flushCompileCache } from 'node:module';
import { parseArgs } from 'node:util';
import { clock } from '../../platform/clock.ts';
import { readConfig } from '../../platform/config.ts';
import { type Running, start } from '../compose.ts';
import { parseRoles, type Role, roles } from '../roles.ts';
import type { Command } from './command.ts';

export const serve: Command = {
  help: `tallystick serve [--roles ${roles.join(',')}]

Starts the server: all roles in one process, or those named. Without DATABASE_URL it brings its own PostgreSQL in
TALLYSTICK_DATA_DIR (.tallystick). Whatever its roles, it answers /livez, /readyz and /metrics on PORT. Ctrl-C or SIGTERM finishes what
runs, for half a minute at the most, and stops everything; a second one stops at once.`,
  async run(argv) {
    const { values } = parseArgs({ args: [...argv], options: { roles: { type: 'string' } } });
    const started_ms = clock.monotonic_ms();
    const config = readConfig();
    const signalled = firstSignal();
    const chosen = parseRoles(values.roles);
    const running = await start(config, chosen);
    const took = ((clock.monotonic_ms() - started_ms) / 1000).toFixed(1);
    process.stdout.write(greeting(running, chosen, took));
    flushCompileCache();
    const signal = await signalled;
    process.stdout.write(`${signal}: finishing what runs …\n`);
    const late = setTimeout(giveUp, stop_ms);
    await running.stop();
    clearTimeout(late);
    process.stdout.write('Stopped.\n');
    return 0;
  },
};

/** What drains on its own terms (15 s for calls) has long ended by then; whoever stops a container waits a little longer. */
const stop_ms = 30_000;

/** All that may be cut short is safe to be: another process takes it up again. */
function giveUp(): never {
  process.stderr.write(
    `What still ran after ${stop_ms / 1000} s was given up; it is taken up again elsewhere or at the next start.\n`,
  );
  process.exit(0);
}

const exit_codes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** npm hands on what it is sent, so that one Ctrl-C, which the terminal sends to npm and to us, arrives twice. */
const same_signal_ms = 1000;

/**
 * From now on, not only once the server is up: a Ctrl-C during start drains too. A second signal ends the process at once; PostgreSQL
 * then stops by itself. A terminal that was closed (SIGHUP) takes no more output, which is no reason to stop half-way.
 */
function firstSignal(): Promise<string> {
  return new Promise((resolve) => {
    let first_ms: number | null = null;
    for (const [name, code] of Object.entries(exit_codes)) {
      process.on(name, () => {
        const now_ms = clock.monotonic_ms();
        first_ms ??= now_ms;
        resolve(name);
        if (now_ms - first_ms > same_signal_ms) process.exit(code);
      });
    }
    process.stdout.on('error', () => undefined);
    process.stderr.on('error', () => undefined);
  });
}

function greeting({ address, first }: Running, chosen: readonly Role[], took: string): string {
  const is_api = chosen.includes('api');
  const lines = ['', `  Tallystick is ready in ${took} s${is_api ? ` at ${address}` : ` as ${chosen.join(', ')}`}`];
  lines.push(is_api ? `  API reference ${address}/docs` : `  Health ${address}/readyz`);
  if (first) {
    lines.push(
      '',
      '  This is the first start. Sign in by this link, which works once:',
      `  ${is_api ? address : ''}/setup#token=${first.setup_token}`,
    );
    if (first.key_is_new) lines.push('', '  The admin API key, shown only now:', `  ${first.admin_key}`);
  }
  return `${lines.join('\n')}\n\n`;
}
