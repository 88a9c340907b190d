import type { ImportFault } from '../model.ts';

/** Why something of a file is refused; the line is known to whoever reads the file. */
export type Fault = Omit<ImportFault, 'line'>;

export function fault(code: string, detail: string): Fault {
  return { code, detail };
}

export function isFault(value: object): value is Fault {
  return 'code' in value && 'detail' in value;
}

/** Part of what the file holds, short enough for a message. */
export function shown(text: string | undefined): string {
  return (text ?? '').slice(0, 40).toWellFormed();
}
