/** One command of the command line. */
export interface Command {
  help: string;
  /** Answers the exit code. */
  run(argv: readonly string[]): Promise<number>;
}

/** The words of the command are wrong; the help follows the message. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Prints a result: as JSON, or as the lines for people. */
export function print(json: boolean, value: unknown, lines: readonly string[]): void {
  process.stdout.write(`${json ? JSON.stringify(value) : lines.join('\n')}\n`);
}
