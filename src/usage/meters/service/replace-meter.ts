import { recordAudit } from '../../../foundation/audit/service.ts';
import { emit } from '../../../foundation/events/service.ts';
import type { Tx } from '../../../platform/postgres.ts';
import { compareTimes } from '../decide/reading.ts';
import { errors } from '../errors.ts';
import type { events } from '../events.ts';
import type { Meter, Register } from '../model.ts';
import { insertDevice, lockMeter } from '../sql/meters.ts';
import { requireMeter } from './meters.ts';
import { type Taken, takeReadings } from './readings.ts';
import type { UsageDeps } from './tell-usage.ts';

export interface Replacement {
  meter_id: string;
  /** RFC 3339, UTC: when one device went and the other came. */
  at: string;
  serial: string | null;
  registers: readonly {
    register: string;
    /** What the old device showed at the end, and the new one at the beginning. */
    final: string;
    initial: string;
    /** Of the new device; as the one before unless given. */
    digits?: number | null | undefined;
    multiplier?: string | undefined;
  }[];
}

/**
 * Another device takes the place of a meter's own: consumption goes on over the change, up to the final read of the old one and from the initial
 * read of the new. Every counter of the meter is read; readings of a later time are of the new device, whenever they came. Throws
 * `meter_not_found`, `meter_not_replaceable`, and by constraint `meter_replaced_already`.
 */
export async function replaceMeter(tx: Tx, deps: UsageDeps, replacement: Replacement): Promise<Meter> {
  const { meter_id, at, serial } = replacement;
  const before = await lockMeter(tx, meter_id);
  if (!before) throw errors.meter_not_found({ detail: `There is no meter ${meter_id}.` });
  requireReplaceable(before, replacement, tx.now);
  for (const { register: name, digits, multiplier } of replacement.registers) {
    const latest = latestOf(before, name);
    await insertDevice(tx, meter_id, {
      register: name,
      installed_at: at,
      serial,
      digits: digits === undefined ? latest.digits : digits,
      multiplier: multiplier ?? latest.multiplier,
    });
  }
  const meter = await requireMeter(tx, meter_id);
  for (const [at_index, { register: name, final, initial }] of replacement.registers.entries()) {
    const register = meter.registers.find((one) => one.register === name)!;
    const offers = [
      { time: at, value: final, quality: 'actual' as const, is_last: true },
      { time: at, value: initial, quality: 'actual' as const, is_last: false },
    ];
    refuseHeld(at_index, await takeReadings(tx, deps, { meter, register, offers, source: 'manual' }));
  }
  await recordAudit(tx, {
    action: 'meter.replaced',
    target_type: 'meter',
    target_id: meter_id,
    before: { devices: before.devices },
    after: { devices: meter.devices },
  });
  await emit<typeof events>(tx, {
    type: 'meter.replaced',
    aggregate_type: 'meter',
    aggregate_id: meter_id,
    data: { meter_id, at, serial },
  });
  return meter;
}

function requireReplaceable(meter: Meter, { at, registers }: Replacement, now: Temporal.Instant): void {
  const refuse = (detail: string) => errors.meter_not_replaceable({ detail });
  if (compareTimes(at, now.toString()) > 0) throw refuse('A device is replaced in the past.');
  const counters = meter.registers.filter((one) => one.kind === 'cumulative').map((one) => one.register);
  const given = registers.map((one) => one.register);
  if (new Set(given).size < given.length || [...given].sort().join() !== [...counters].sort().join())
    throw refuse(`Give the final and the initial read of each counter once: ${counters.join(', ') || 'the meter has none'}.`);
  for (const { register } of registers) {
    const latest = meter.devices.filter((one) => one.register === register).at(-1);
    if (latest && compareTimes(at, latest.installed_at) < 0) throw refuse(`The device before came at ${latest.installed_at}.`);
  }
}

function latestOf(meter: Meter, name: string): Pick<Register, 'digits' | 'multiplier'> {
  const register = meter.registers.find((one) => one.register === name)!;
  return meter.devices.filter((one) => one.register === name).at(-1) ?? register;
}

/** A device that is gone cannot be read again, so its last read is not left for later. */
function refuseHeld(index: number, taken: readonly Taken[]): void {
  const held = taken.findIndex((one) => one.outcome === 'held');
  if (held < 0) return;
  const pointer = `/registers/${index}/${held === 0 ? 'final' : 'initial'}`;
  const detail = [...new Set(taken[held]!.reasons.map((one) => one.detail))].join('; ');
  throw errors.meter_not_replaceable({
    detail: `${pointer}: ${detail}.`,
    errors: [{ pointer, code: 'meter_not_replaceable', detail }],
  });
}
