import { readFailpoint } from './config.ts';

/** Every place at which this process can be made to die, for tests of what happens then. */
export const failpoints = ['replay.chunk-committed'] as const;
export type Failpoint = (typeof failpoints)[number];

let passings = 0;

/** Ends the process as a power cut would, where TALLYSTICK_FAILPOINT=`<name>[:n]` names this place, at its n-th passing; otherwise nothing. */
export function failpoint(name: Failpoint): void {
  const [place, nth = '1'] = (readFailpoint() ?? '').split(':');
  if (place !== name) return;
  passings += 1;
  if (passings === Number.parseInt(nth, 10)) process.kill(process.pid, 'SIGKILL');
}
