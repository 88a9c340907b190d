import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { reportText } from './report.ts';
import { type VerifyOptions, verifyBundle } from './verify.ts';

export const help = `tallystick verify <bundle> --jwks FILE | --fingerprint HEX [--acks FILE] [--since CHECKPOINT] [--json]

Verifies the bundle of an invoice or a credit note without a network: signature, log, usage, arithmetic.
  --jwks FILE         keys that you trust, as served at /.well-known/jwks.json
  --fingerprint HEX   or the thumbprint of the one key that you trust
  --acks FILE         acknowledgements that you kept: names usage that was left out
  --since FILE        a checkpoint that you kept, with the proof to this one: shows a log that was cut or rewritten
  --json              the report as JSON
Exit 0: signed by a key that you trust, complete, and right. Exit 1: not, or not shown. Exit 2: not used rightly.
`;

export interface Output {
  out: (text: string) => void;
  error: (text: string) => void;
}

/** Runs the command with its arguments and answers the exit code. Reads files; opens no socket. */
export function main(args: readonly string[], output: Output): 0 | 1 | 2 {
  const asked = readArguments(args);
  if (typeof asked === 'string') {
    output.error(`${asked}\n\n${help}`);
    return 2;
  }
  if (asked.help) {
    output.out(help);
    return 0;
  }
  const files = readFiles(asked);
  if (typeof files === 'string') {
    output.error(`${files}\n`);
    return 2;
  }
  const report = verifyBundle(files.bundle, files.options);
  output.out(asked.json ? `${JSON.stringify(report, null, 2)}\n` : reportText(report));
  return report.authenticated && report.consistent ? 0 : 1;
}

interface Asked {
  bundle: string;
  jwks?: string;
  fingerprint?: string;
  acks?: string;
  since?: string;
  json?: boolean;
  help?: boolean;
}

function readArguments(args: readonly string[]): Asked | string {
  try {
    const file = { type: 'string' } as const;
    const flag = { type: 'boolean' } as const;
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { jwks: file, fingerprint: file, acks: file, since: file, json: flag, help: { ...flag, short: 'h' } },
    });
    const [bundle, ...more] = positionals;
    if (values.help) return { ...values, bundle: '' };
    if (bundle === undefined || more.length > 0) return 'Name one bundle.';
    if (values.fingerprint !== undefined && !/^[0-9a-fA-F]{64}$/.test(values.fingerprint))
      return 'A fingerprint has 64 hexadecimal digits.';
    return { ...values, bundle };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function readFiles({ bundle, jwks, fingerprint, acks, since }: Asked): { bundle: Buffer; options: VerifyOptions } | string {
  try {
    const optional = (path: string | undefined) => (path === undefined ? undefined : readFileSync(path));
    return {
      bundle: readFileSync(bundle),
      options: { jwks: optional(jwks), fingerprint, acks: optional(acks), since: optional(since) },
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
