import type { Tx } from '../../../platform/postgres.ts';
import { registerOf } from '../decide/reading.ts';
import { errors } from '../errors.ts';
import type { RegisterRead } from '../model.ts';
import { lockMeter } from '../sql/meters.ts';
import { type Offer, type Taken, takeReadings } from './readings.ts';
import type { UsageDeps } from './tell-usage.ts';

/**
 * Takes what a file says that a counter showed, in any order, like readings from anywhere else: rules, corrections and all; what it gained becomes
 * usage after the commit. Answers what became of each. Throws `meter_not_found`, `register_unknown`, `register_invalid`.
 */
export async function recordRegisterReads(
  tx: Tx,
  deps: UsageDeps,
  of: { meter_id: string; register: string; reads: readonly RegisterRead[] },
): Promise<Taken[]> {
  const meter = await lockMeter(tx, of.meter_id);
  if (!meter) throw errors.meter_not_found({ detail: `There is no meter ${of.meter_id}.` });
  const register = registerOf(meter, of.register);
  if (register.kind === 'interval')
    throw errors.register_invalid({
      detail: `Register ${register.register} of ${meter.identifier} has intervals, and no counter to read.`,
    });
  const offers = of.reads.map((one): Offer => ({ ...one, is_last: false }));
  return offers.length === 0 ? [] : takeReadings(tx, deps, { meter, register, offers, source: 'import' });
}
