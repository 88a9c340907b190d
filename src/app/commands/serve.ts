import { parseArgs } from 'node:util';
import { clock } from '../../platform/clock.ts';
import { readConfig } from '../../platform/config.ts';
import { type FirstTenant, start } from '../compose.ts';
import { parseRoles, roles } from '../roles.ts';
import type { Command } from './command.ts';

export const serve: Command = {
  help: `tallystick serve [--roles ${roles.join(',')}]

Starts the server: all roles in one process, or those named. Without DATABASE_URL it brings its own PostgreSQL in
TALLYSTICK_DATA_DIR (.tallystick). Ctrl-C or SIGTERM finishes what runs and stops everything; a second one stops at once.`,
  async run(argv) {
    const { values } = parseArgs({ args: [...argv], options: { roles: { type: 'string' } } });
    const started_ms = clock.monotonic_ms();
    const config = readConfig();
    const signalled = nextSignal();
    const running = await start(config, parseRoles(values.roles));
    const took = ((clock.monotonic_ms() - started_ms) / 1000).toFixed(1);
    process.stdout.write(greeting(running.address, running.first, took));
    const signal = await signalled;
    process.stdout.write(`${signal}: finishing what runs …\n`);
    process.once('SIGINT', () => process.exit(130));
    process.once('SIGTERM', () => process.exit(143));
    await running.stop();
    process.stdout.write('Stopped.\n');
    return 0;
  },
};

/** From now on, not only once the server is up: a Ctrl-C during start drains too. */
function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve('SIGINT'));
    process.once('SIGTERM', () => resolve('SIGTERM'));
  });
}

function greeting(address: string | null, first: FirstTenant | null, took: string): string {
  const lines = ['', `  Tallystick is ready in ${took} s${address ? ` at ${address}` : ''}`];
  if (address) lines.push(`  API reference ${address}/docs`);
  if (first) {
    lines.push(
      '',
      '  This is the first start. Sign in by this link, which works once:',
      `  ${address ?? ''}/setup#token=${first.setup_token}`,
    );
    if (first.key_is_new) lines.push('', '  The admin API key, shown only now:', `  ${first.admin_key}`);
  }
  return `${lines.join('\n')}\n\n`;
}
