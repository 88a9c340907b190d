import { CodedError } from '../../kernel/errors.ts';
import { CatalogError } from '../../platform/catalog-check.ts';
import { ConfigError } from '../../platform/config.ts';
import { EmbeddedPostgresError, FolderInUseError } from '../../platform/embedded-postgres/errors.ts';
import { MigrationError } from '../../platform/migrate.ts';
import { type Command, UsageError } from './command.ts';

/** Each command is loaded when it is asked for: `verify` never touches the server's code, nor the server the demo's. */
const commands: Record<string, { summary: string; load: () => Promise<Command> }> = {
  serve: { summary: 'start the server', load: async () => (await import('./serve.ts')).serve },
  migrate: { summary: 'bring the schema up, or take it down', load: async () => (await import('./migrate.ts')).migrate },
  tenants: { summary: 'make a tenant and print its admin key', load: async () => (await import('./tenants.ts')).tenants },
  import: { summary: 'bring a file of usage in', load: async () => (await import('./import.ts')).importCommand },
  replay: { summary: 'bring usage events back in', load: async () => (await import('./replay.ts')).replayCommand },
  bill: { summary: 'close and bill a period', load: async () => (await import('./bill.ts')).bill },
  usage: { summary: 'archive usage of months long billed', load: async () => (await import('./usage.ts')).usage },
  verify: { summary: 'check an invoice bundle offline', load: async () => (await import('./verify.ts')).verify },
  audit: { summary: 'ask the database for every defect it can find', load: async () => (await import('./audit.ts')).audit },
  keys: { summary: 'rotate a tenant’s signing keys', load: async () => (await import('./keys.ts')).keys },
  demo: { summary: 'fill a test tenant with a believable business', load: async () => (await import('./demo.ts')).demo },
};

/** Runs one command line; answers the exit code. Expected failures are one message on standard error, the rest keep their trace. */
export async function run(argv: readonly string[]): Promise<number> {
  const [name = '--help', ...rest] = argv;
  if (name === '--help' || name === 'help') {
    process.stdout.write(`${usage()}\n`);
    return 0;
  }
  const command = commands[name];
  if (!command) {
    process.stderr.write(`There is no command “${name}”.\n\n${usage()}\n`);
    return 2;
  }
  const loaded = await command.load();
  if (rest.includes('--help')) {
    process.stdout.write(`${loaded.help}\n`);
    return 0;
  }
  try {
    return await loaded.run(rest);
  } catch (error) {
    if (error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')) {
      process.stderr.write(`${(error as Error).message}\n\n${loaded.help}\n`);
      return 2;
    }
    if (!isExpected(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

function isExpected(error: unknown): error is Error {
  return [ConfigError, FolderInUseError, EmbeddedPostgresError, MigrationError, CatalogError, CodedError].some(
    (kind) => error instanceof kind,
  );
}

function usage(): string {
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(9)}${summary}`);
  return `tallystick <command> [options]\n\n${lines.join('\n')}\n\n<command> --help says more. Every command takes --json where it prints results.`;
}
