import { readFailpoint } from './config.ts';

/** Every place where a chaos run may end the process. */
export const failpoints: readonly string[] = ['webhooks.claimed-not-sent', 'webhooks.sent-not-recorded', 'webhooks.recorded'];

let armed: { name: string; left: number } | null | undefined;

/** Ends the own process by SIGKILL where `TALLYSTICK_FAILPOINT=<name>[:n]` names this place, at the n-th passing; else nothing. */
export function failpoint(name: string): void {
  if (armed === undefined) armed = readFailpoint();
  if (armed?.name !== name) return;
  armed.left -= 1;
  if (armed.left === 0) process.kill(process.pid, 'SIGKILL');
}
