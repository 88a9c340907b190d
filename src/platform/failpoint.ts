import { readFailpoint } from './config.ts';

/** Every place at which a test may have a process killed. */
export const failpoints = ['inbound.stored-not-processed'] as const;

let passings: number | null = null;

/** Kills this process (SIGKILL) where TALLYSTICK_FAILPOINT names the place, `<name>` or `<name>:<n>` for the n-th passing; else does nothing. */
export function failpoint(name: (typeof failpoints)[number]): void {
  const [armed, nth = '1'] = readFailpoint()?.split(':') ?? [];
  if (armed !== name) return;
  passings = (passings ?? 0) + 1;
  if (passings === Number.parseInt(nth, 10)) process.kill(process.pid, 'SIGKILL');
}
