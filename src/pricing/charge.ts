import type { ChargeInputs } from '../kernel/bundle.ts';
import type { JsonObject } from '../kernel/canonical-json.ts';
import { add, formatDecimal, formatFixed, parseDecimal, ROUNDINGS, type Rounding, subtract } from '../kernel/decimal.ts';
import { exact, formatExact, multiplyExact, ratio, roundExact, shownDecimal } from '../kernel/exact.ts';
import { currencyDecimals } from '../kernel/money.ts';
import { checkPrice } from './check.ts';
import { compilePrice } from './compile.ts';
import { errors } from './errors.ts';
import { evaluateCompiled, evaluateMetered } from './evaluate.ts';
import type { Evaluation } from './explain.ts';
import type { MeteredEvent } from './metered.ts';
import type { CompiledPrice } from './model.ts';

/**
 * A charge worked out: `amount` has the currency's decimals, `amount_exact` and the steps are shortest; the steps sum to `amount_exact`.
 * `quantity` is what was priced: as given, or the aggregate of the events.
 */
export interface PricedCharge {
  quantity: string;
  amount: string;
  amount_exact: string;
  steps: JsonObject[];
}

/**
 * From the stored inputs of a charge, and where these say `by_events` its events that stand, to its amount: the one function that
 * billing runs forwards and the verifier runs again. In this order: the price of the events or the quantity, of which `proration` takes
 * the days' part; or the price of `prior` and this quantity together, less what was billed; or the price of all that `billed` stands for,
 * less that; then, with `carry`, the running total rounded, less what was posted.
 * Throws what `evaluate` throws.
 */
export function priceCharge(inputs: ChargeInputs, events: readonly MeteredEvent[] = []): PricedCharge {
  const rounding = readRounding(inputs.rounding);
  const compiled = compiledOf(inputs);
  const decimals = currencyDecimals(inputs.currency);
  const { prior, billed, proration, carry } = inputs;
  const whole = evaluation(compiled, inputs, events, rounding);
  const steps: JsonObject[] = whole.steps.map((step) => ({ ...step }));
  let { amount, amount_exact } = whole;
  if (proration) {
    const full = parseDecimal(amount_exact);
    const part = multiplyExact(exact(full), ratio(BigInt(proration.days), BigInt(proration.of)));
    const shown = shownDecimal(part);
    steps.push({ kind: 'proration', amount: formatDecimal(subtract(shown, full)), rate: `${proration.days}/${proration.of}` });
    amount_exact = formatExact(part);
    amount = formatFixed(roundExact(part, decimals, rounding));
  }
  const before = prior ?? billed;
  if (before) {
    const exact_before = parseDecimal(before.amount_exact);
    steps.push({
      kind: prior ? 'prior' : 'billed',
      amount: formatDecimal({ units: -exact_before.units, scale: exact_before.scale }),
      quantity: before.quantity,
    });
    amount_exact = formatDecimal(subtract(parseDecimal(amount_exact), exact_before));
    amount = formatFixed(subtract(parseDecimal(amount), parseDecimal(before.amount)));
  }
  if (carry) {
    const running = exact(add(parseDecimal(carry.amount_exact), parseDecimal(amount_exact)));
    amount = formatFixed(subtract(roundExact(running, decimals, rounding), parseDecimal(carry.amount)));
  }
  return { quantity: inputs.by_events ? whole.quantity : inputs.quantity, amount, amount_exact, steps };
}

/** The price of the line's usage, and of what `prior` counts beside it, before anything is taken off. */
function evaluation(
  compiled: CompiledPrice,
  inputs: ChargeInputs,
  events: readonly MeteredEvent[],
  rounding: Rounding,
): Evaluation {
  const { allow_negative = false, time_zone, prior } = inputs;
  if (inputs.by_events) {
    const { aggregation = 'sum', unique_by, opening } = inputs;
    const during = inputs.usage_period ?? inputs.period;
    return evaluateMetered(compiled, { events, aggregation, unique_by, opening, during, allow_negative, time_zone, rounding });
  }
  const quantity = prior ? formatDecimal(add(parseDecimal(prior.quantity), parseDecimal(inputs.quantity))) : inputs.quantity;
  return evaluateCompiled(compiled, { quantity, allow_negative, rounding });
}

/** Prices are shared objects within a run: each is checked and compiled once. */
const compiled = new WeakMap<JsonObject, Map<string, CompiledPrice>>();

function compiledOf({ price, currency, share, open }: ChargeInputs): CompiledPrice {
  const how = `${currency} ${share ? `${share.days}/${share.of}` : ''} ${open === true}`;
  const known = compiled.get(price)?.get(how);
  if (known) return known;
  const options = { share: share && ratio(BigInt(share.days), BigInt(share.of)), open };
  const made = compilePrice(checkPrice(price, { currency, pointer: '/price' }), currency, options);
  const beside = compiled.get(price) ?? new Map<string, CompiledPrice>();
  compiled.set(price, beside.set(how, made));
  return made;
}

function readRounding(text: string): Rounding {
  const found = ROUNDINGS.find((each) => each === text);
  if (!found) throw errors.usage_invalid({ detail: `There is no rounding “${text.slice(0, 20)}”.` });
  return found;
}
