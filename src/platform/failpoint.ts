import { readFailpoint } from './config.ts';

/** Every place at which the process can be made to die, for tests. */
export const failpoints = ['scheduler.cycle-closed-not-run', 'scheduler.due-not-committed'] as const;

const named = readFailpoint();
let passings = 0;

/** Kills the own process where `TALLYSTICK_FAILPOINT=<name>[:n]` names this place, at its n-th passing; else does nothing. */
export function failpoint(name: string): void {
  if (named === null) return;
  const [place, nth = '1'] = named.split(':');
  if (place !== name) return;
  passings += 1;
  if (passings === Number.parseInt(nth, 10)) process.kill(process.pid, 'SIGKILL');
}
