/**
 * Every place at which a process can be made to die, for tests of what happens then. A name says what was done and what was not; the part of it
 * before the point is where the call stands.
 */
export const failpoints = [
  'dispatcher.claimed-not-published',
  'dispatcher.published-not-marked',
  'dispatcher.marked',
  'router.received-not-claimed',
  'replay.chunk-committed',
  'router.claimed-not-acknowledged',
  'router.claimed-not-routed',
  'router.effect-not-committed',
  'router.effect-committed-not-marked',
  'router.marked-in-part',
  'events.archived-not-dropped',
  'inbound.stored-not-processed',
  'scheduler.cycle-closed-not-run',
  'scheduler.due-not-committed',
  'webhooks.claimed-not-sent',
  'webhooks.sent-not-recorded',
  'webhooks.recorded',
  'replay.chunk-committed',
] as const;
export type Failpoint = (typeof failpoints)[number];

let armed: { name: string; passings_left: number } | null = null;

/** `name` or `name:n`: the process dies at the n-th passing of that place, the first unless said. Null: nowhere. */
export function armFailpoint(text: string | null): void {
  const [name = '', nth = '1'] = text?.split(':') ?? [];
  armed = text === null ? null : { name, passings_left: Number.parseInt(nth, 10) };
}

/** Whether a text names a place, as `armFailpoint` takes it. */
export function isFailpoint(text: string): boolean {
  const [name = '', nth = '1', ...rest] = text.split(':');
  return (failpoints as readonly string[]).includes(name) && /^[1-9]\d{0,5}$/.test(nth) && rest.length === 0;
}

/** Ends the process as a power cut would, where it was armed for this place; otherwise nothing. */
export function failpoint(name: Failpoint): void {
  if (armed?.name !== name) return;
  armed.passings_left -= 1;
  if (armed.passings_left > 0) return;
  process.kill(process.pid, 'SIGKILL');
  // A signal to oneself is taken when the system gets to it: nothing more may happen until then.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
