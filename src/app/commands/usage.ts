import { parseArgs } from 'node:util';
import { archiveUsage } from '../../usage/metering/service/archive.ts';
import { type Command, print, UsageError } from './command.ts';
import { withDatabase } from './with-database.ts';

export const usage: Command = {
  help: `tallystick usage archive --before YYYY-MM [--dry-run] [--json]

Moves usage events that arrived before the month into compressed files under documents/ in the data folder, once they are billed. Each file
is read back and found whole before its events leave the database. Invoices, proofs and deduplication go on as before.
With --dry-run it only says what would be moved, and what holds the rest.`,
  async run(argv) {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        before: { type: 'string' },
        'dry-run': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
    const { before, json, 'dry-run': dry_run } = values;
    if (positionals.length !== 1 || positionals[0] !== 'archive')
      throw new UsageError('The only thing to do with usage is: archive.');
    if (before === undefined || !/^\d{4}-(0[1-9]|1[0-2])$/.test(before)) throw new UsageError('--before is a month, YYYY-MM.');
    return withDatabase(async ({ postgres }) => {
      const generations = await archiveUsage(postgres, { before, dry_run });
      const lines = generations.map(({ gen, month, events, unsettled, document }) => {
        const state =
          unsettled.length > 0
            ? `stays: ${unsettled.length} organizations are not billed or not rolled up for all of it`
            : (document ?? 'would be archived');
        return `generation ${gen}  ${month.slice(0, 7)}  ${events} events  ${state}`;
      });
      print(json, { generations }, [
        ...lines,
        `${generations.filter((each) => each.document !== null).length} generations archived`,
      ]);
      return 0;
    });
  },
};
