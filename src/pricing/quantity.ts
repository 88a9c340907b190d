import { SHOWN_DECIMALS } from '../kernel/decimal.ts';
import {
  addExact,
  divideExact,
  type Exact,
  exact,
  larger,
  multiplyExact,
  NOTHING,
  negateExact,
  roundExact,
  smaller,
  subtractExact,
} from '../kernel/exact.ts';
import { refusal } from './errors.ts';
import type { CompiledPrice, CompiledTransform, QuantityModel } from './model.ts';
import { mirrored, type Step, step } from './step.ts';
import type { UsageEvent } from './usage.ts';

/**
 * Prices one quantity up to the model, the total's own terms not yet applied. Below zero the answer is the mirror image of the
 * positive one without its flat amounts, where the model mirrors.
 */
export function priceQuantity(compiled: CompiledPrice, model: QuantityModel, quantity: Exact): Step[] {
  const negative = model.mirrors && quantity.units < 0n;
  if (compiled.quantity_as_is && !negative) return model.price(quantity, true);
  const steps: Step[] = [];
  const rest = restOf(compiled, negative ? negateExact(quantity) : quantity, steps);
  steps.push(...model.price(rest, !negative));
  return negative ? steps.map(mirrored) : steps;
}

/**
 * Prices units that are held for a part of the period each: every event bills the difference that it makes to the units' cost,
 * times its fraction; flat amounts are owed once and whole. Events in order, each with a quantity.
 */
export function priceHeld(compiled: CompiledPrice, model: QuantityModel, events: readonly UsageEvent[]): Step[] {
  const rest = (quantity: Exact) => (compiled.quantity_as_is ? quantity : restOf(compiled, quantity, []));
  const total = events.reduce((sum, event) => addExact(sum, event.quantity!), NOTHING);
  const informative: Step[] = [];
  if (total.units >= 0n && !compiled.quantity_as_is) restOf(compiled, total, informative);
  const total_rest = total.units < 0n ? total : rest(total);
  let running = NOTHING;
  let highest = NOTHING;
  let cost = model.units(rest(NOTHING), total_rest);
  const held = events.map((event) => {
    const quantity = event.quantity!;
    running = addExact(running, quantity);
    if (running.units < 0n) {
      throw refusal('running_total_negative', `${event.pointer}/quantity`, 'The units held would fall below zero.');
    }
    highest = larger(highest, running);
    const before = cost;
    cost = model.units(rest(running), total_rest);
    const difference = subtractExact(cost, before);
    return step('held', event.fraction ? multiplyExact(difference, event.fraction) : difference, { quantity, event: event.id });
  });
  return [...informative, ...held, ...model.flats(total_rest, rest(highest))];
}

/** Transform, included quantity, quantity discounts: what of a quantity not below zero reaches the model. */
function restOf({ transform, included, quantity_discounts }: CompiledPrice, quantity: Exact, into: Step[]): Exact {
  let rest = quantity;
  if (transform) {
    rest = transformed(transform, rest);
    into.push(step('transform', NOTHING, { quantity: rest }));
  }
  if (included) {
    const taken = smaller(rest, included);
    rest = subtractExact(rest, taken);
    into.push(step('included', NOTHING, { quantity: taken }));
  }
  for (const discount of quantity_discounts) {
    const taken = smaller(rest, discount);
    rest = subtractExact(rest, taken);
    into.push(step('quantity_discount', NOTHING, { quantity: taken }));
  }
  return rest;
}

/** Multiplies, then divides; rounds the exact quotient once, or cuts it half to even at 18 decimals. */
function transformed({ multiply, divide, round, precision }: CompiledTransform, quantity: Exact): Exact {
  const product = multiply ? multiplyExact(quantity, multiply) : quantity;
  const quotient = divide ? divideExact(product, divide) : product;
  if (round) return exact(roundExact(quotient, precision, round));
  return divide ? exact(roundExact(quotient, SHOWN_DECIMALS, 'half_even')) : quotient;
}
