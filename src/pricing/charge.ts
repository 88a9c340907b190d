import type { ChargeInputs } from '../kernel/bundle.ts';
import type { JsonObject } from '../kernel/canonical-json.ts';
import { add, formatDecimal, formatFixed, parseDecimal, ROUNDINGS, type Rounding, subtract } from '../kernel/decimal.ts';
import { exact, formatExact, multiplyExact, ratio, roundExact, shownDecimal } from '../kernel/exact.ts';
import { currencyDecimals } from '../kernel/money.ts';
import { checkPrice } from './check.ts';
import { compilePrice } from './compile.ts';
import { errors } from './errors.ts';
import { evaluateCompiled } from './evaluate.ts';
import type { CompiledPrice } from './model.ts';

/** A charge worked out: `amount` has the currency's decimals, `amount_exact` and the steps are shortest; the steps sum to `amount_exact`. */
export interface PricedCharge {
  amount: string;
  amount_exact: string;
  steps: JsonObject[];
}

/**
 * From the stored inputs of a charge to its amount: the one function that billing runs forwards and the verifier runs again.
 * In this order: the price of the quantity, of which `proration` takes the days' part; or the price of `prior` and this quantity
 * together, less what was billed; then, with `carry`, the running total rounded, less what was posted.
 * Throws what `evaluate` throws.
 */
export function priceCharge(inputs: ChargeInputs): PricedCharge {
  const rounding = readRounding(inputs.rounding);
  const compiled = compiledOf(inputs);
  const decimals = currencyDecimals(inputs.currency);
  const { prior, proration, carry } = inputs;
  const quantity = prior ? formatDecimal(add(parseDecimal(prior.quantity), parseDecimal(inputs.quantity))) : inputs.quantity;
  const whole = evaluateCompiled(compiled, { quantity, allow_negative: inputs.allow_negative ?? false, rounding });
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
  if (prior) {
    const before = parseDecimal(prior.amount_exact);
    steps.push({ kind: 'prior', amount: formatDecimal({ units: -before.units, scale: before.scale }), quantity: prior.quantity });
    amount_exact = formatDecimal(subtract(parseDecimal(amount_exact), before));
    amount = formatFixed(subtract(parseDecimal(amount), parseDecimal(prior.amount)));
  }
  if (carry) {
    const running = exact(add(parseDecimal(carry.amount_exact), parseDecimal(amount_exact)));
    amount = formatFixed(subtract(roundExact(running, decimals, rounding), parseDecimal(carry.amount)));
  }
  return { amount, amount_exact, steps };
}

/** Prices are shared objects within a run: each is checked and compiled once. */
const compiled = new WeakMap<JsonObject, Map<string, CompiledPrice>>();

function compiledOf({ price, currency }: ChargeInputs): CompiledPrice {
  const known = compiled.get(price)?.get(currency);
  if (known) return known;
  const made = compilePrice(checkPrice(price, { currency, pointer: '/price' }), currency);
  const byCurrency = compiled.get(price) ?? new Map<string, CompiledPrice>();
  compiled.set(price, byCurrency.set(currency, made));
  return made;
}

function readRounding(text: string): Rounding {
  const found = ROUNDINGS.find((each) => each === text);
  if (!found) throw errors.usage_invalid({ detail: `There is no rounding “${text.slice(0, 20)}”.` });
  return found;
}
