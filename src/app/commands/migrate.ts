import { parseArgs } from 'node:util';
import pg from 'pg';
import { readConfig } from '../../platform/config.ts';
import { migrateDown } from '../../platform/migrate.ts';
import { createLogger } from '../../platform/telemetry.ts';
import { openDatabase } from '../database.ts';
import { type Command, print, UsageError } from './command.ts';

export const migrate: Command = {
  help: `tallystick migrate up
tallystick migrate down --to NNNN

up applies what is missing. down takes back every migration above NNNN (0000 is all of them), and the data with them.`,
  async run(argv) {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: { to: { type: 'string' }, json: { type: 'boolean', default: false } },
      allowPositionals: true,
    });
    const [direction] = positionals;
    if (direction !== 'up' && direction !== 'down') throw new UsageError('Say up or down.');
    if (direction === 'down' && !/^\d{4}$/.test(values.to ?? '')) throw new UsageError('down needs --to NNNN.');
    const database = await openDatabase(readConfig(), createLogger('warn'));
    try {
      if (direction === 'up') {
        print(values.json, { direction, status: 'current' }, ['The schema is up to date.']);
        return 0;
      }
      const client = new pg.Client(database.admin);
      await client.connect();
      try {
        const undone = await migrateDown(client, values.to!);
        print(
          values.json,
          { direction, undone },
          undone.length === 0 ? ['Nothing to take back.'] : undone.map((number) => `took back ${number}`),
        );
      } finally {
        await client.end();
      }
      return 0;
    } finally {
      await database.stop();
    }
  },
};
