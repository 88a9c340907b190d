import { help, main } from '../../../sdk/verify/main.ts';
import type { Command } from './command.ts';

/** The offline verifier, as it is published: no configuration, no database, no network. */
export const verify: Command = {
  help,
  run: async (argv) => main(argv, { out: (text) => process.stdout.write(text), error: (text) => process.stderr.write(text) }),
};
