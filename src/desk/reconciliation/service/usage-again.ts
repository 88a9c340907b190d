import type { RatedCharge, StoredCharge } from '../../../billing/rating/model.ts';
import { chargeAgain, isOverEvents, openingTakeOf, type UsageAgain } from '../../../billing/rating/service/again.ts';
import { rectanglesOfCharges } from '../../../billing/rating/service.ts';
import { CodedError } from '../../../kernel/errors.ts';
import type { Db } from '../../../platform/postgres.ts';
import type { UsageTake } from '../../../usage/metering/model.ts';
import { eventsOfTakes } from '../../../usage/metering/service.ts';
import { type Measurement, measureTake } from '../decide/measure.ts';

/** How a stored charge stands on its line, as far as its rating reads it. */
export interface ChargeToRate {
  charge: StoredCharge;
  unit: string | null;
  /** Of a base fee. */
  plan_name: string;
}

export interface ChargeRatedAgain {
  /** Null where nothing would be charged, or where it cannot be: `fault` is the code of why. */
  charge: RatedCharge | null;
  fault: string | null;
  /** Request ids of events whose content does not give the leaf that was stored with them. */
  changed: string[];
}

/**
 * Charges rated again, by id, each from the usage events under the rectangles that it took, read one by one. What is held at a time is the
 * usage of one charge. `tell` hears how many events were read.
 */
export async function rateAgain(
  db: Db,
  asked: readonly ChargeToRate[],
  tell: (events: number) => void,
): Promise<Map<string, ChargeRatedAgain>> {
  const charges = asked.map(({ charge }) => charge);
  const rectangles = await rectanglesOfCharges(db, charges);
  const openings = await openingsAgain(db, charges);
  const rated = new Map<string, ChargeRatedAgain>();
  const rate = (each: ChargeToRate, { measured, events, changed }: Measurement) => {
    const opening = openings.get(each.charge.charge_id) ?? null;
    const is_nothing = measured.count === 0 && (opening === null || opening === '0');
    const usage = each.charge.kind === 'usage' && !is_nothing ? { measured, events, opening } : null;
    rated.set(each.charge.charge_id, { ...rateOne(each, usage), changed });
  };
  const takes = charges.map(({ org_id, sku, inputs }, index) => ({
    ...{ org_id, sku: sku ?? '', time_zone: inputs.time_zone ?? 'UTC' },
    rectangles: rectangles[index]!,
  }));
  for await (const { take, ...measurement } of measured(db, takes, (at) => isOverEvents(charges[at]!))) {
    tell(measurement.measured.count);
    rate(asked[take]!, measurement);
  }
  const nothing = measureTake({ keep: false }).end();
  for (const each of asked) if (!rated.has(each.charge.charge_id)) rate(each, nothing);
  return rated;
}

function rateOne(each: ChargeToRate, usage: UsageAgain | null): Omit<ChargeRatedAgain, 'changed'> {
  try {
    return { charge: chargeAgain(each.charge, { usage, ...each }), fault: null };
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return { charge: null, fault: error.code };
  }
}

/** The takes that hold events, one after another, each measured. */
export async function* measured(
  db: Db,
  takes: readonly UsageTake[],
  keeps: (take: number) => boolean = () => false,
): AsyncGenerator<Measurement & { take: number }> {
  let at = -1;
  let measure = measureTake({ keep: false });
  for await (const { take, ...event } of eventsOfTakes(db, takes)) {
    if (take !== at) {
      if (at >= 0) yield { take: at, ...measure.end() };
      measure = measureTake({ keep: keeps(take) });
      at = take;
    }
    measure.add(event);
  }
  if (at >= 0) yield { take: at, ...measure.end() };
}

/** By charge: what a `weighted_sum` starts from, summed from the events before. */
async function openingsAgain(db: Db, charges: readonly StoredCharge[]): Promise<Map<string, string>> {
  const weighted = charges.flatMap((charge) => {
    const take = openingTakeOf(charge);
    return take ? [{ charge_id: charge.charge_id, take }] : [];
  });
  const found = new Map(weighted.map(({ charge_id }) => [charge_id, '0']));
  const takes = weighted.map(({ take }) => take);
  for await (const { take, measured: usage } of measured(db, takes)) found.set(weighted[take]!.charge_id, usage.quantity_sum);
  return found;
}
