import { assert } from '../kernel/assert.ts';
import { type Decimal, decimalText, type Rounding } from '../kernel/decimal.ts';
import { type Exact, exact, formatExact, parseFraction, roundExact } from '../kernel/exact.ts';
import { checkPrice } from './check.ts';
import { compilePrice } from './compile.ts';
import { refusal } from './errors.ts';
import { type Evaluation, explain } from './explain.ts';
import type { Aggregation } from './language.ts';
import { condensed, type MeteredEvent, type MeteredTerms, meteredUsage } from './metered.ts';
import type { CompiledPrice } from './model.ts';
import { rate } from './rate.ts';
import { sumSteps } from './step.ts';
import { aggregate, type EventInput, type EventUsage, readEvents, readQuantity, type Usage } from './usage.ts';

/** What is priced, and how. Exactly one of `quantity` and `events`. */
export interface UsageInput {
  /** A decimal text, or a JSON number that holds it exactly. */
  readonly quantity?: string | number | undefined;
  readonly events?: readonly EventInput[] | undefined;
  /** How events become a quantity; `sum` unless given. */
  readonly aggregation?: Aggregation | undefined;
  readonly allow_negative?: boolean | undefined;
  /** `half_up` (away from zero) unless given. */
  readonly rounding?: Rounding | undefined;
  /** The zone in which `bucket` cuts time; UTC unless given. */
  readonly time_zone?: string | undefined;
}

export interface EvaluateInput extends UsageInput {
  readonly currency: string;
  /** A price as JSON, not yet checked. */
  readonly price: unknown;
  /** The part of the period in which the price holds, as `11/30`: see `compilePrice`. The whole period unless given. */
  readonly share?: string | undefined;
}

/**
 * Prices one thing, with nothing stored: checks the price, prices the usage, explains the amount. The only way from quantity to
 * money: estimator, billing, backtest and the offline verifier all end here.
 * Throws `currency_unknown`, `price_invalid`, and what `evaluateCompiled` throws.
 */
export function evaluate({ currency, price, share, ...usage }: EvaluateInput): Evaluation {
  const checked = checkPrice(price, { currency, pointer: '/price' });
  return evaluateCompiled(compilePrice(checked, currency, { share: share === undefined ? undefined : readShare(share) }), usage);
}

/**
 * The same, with a price made ready by `compilePrice`. Throws `quantity_or_events`, `usage_invalid`, `negative_refused`,
 * `events_required`, `no_cell`, `fraction_unsupported`, `running_total_negative`.
 */
export function evaluateCompiled(compiled: CompiledPrice, input: UsageInput): Evaluation {
  const { usage, quantity } = readUsage(compiled, input);
  const steps = rate(compiled, usage, input.time_zone);
  return explain(steps, {
    currency: compiled.currency,
    decimals: compiled.decimals,
    quantity,
    rounding: input.rounding ?? 'half_up',
  });
}

/**
 * The same for a line of billing: the events as metering has them, and every aggregation that a SKU may have. Steps of the same kind, rate,
 * tier, part and bucket are joined into one, so that a line's explanation does not grow with its events. Throws what `evaluateCompiled` throws.
 */
export function evaluateMetered(
  compiled: CompiledPrice,
  { events, rounding = 'half_up', ...terms }: MeteredTerms & { events: readonly MeteredEvent[]; rounding?: Rounding | undefined },
): Evaluation {
  const usage = meteredUsage(compiled, events, terms);
  const quantity = formatExact(aggregateOf(compiled, usage, terms.aggregation === 'count' ? 'count' : usage.aggregation));
  const steps = condensed(rate(compiled, usage, terms.time_zone));
  return explain(steps, { currency: compiled.currency, decimals: compiled.decimals, quantity, rounding });
}

/** The exact amount of a quantity, without its explanation: for curves and backtests. */
export function amountOf(compiled: CompiledPrice, quantity: Decimal): Exact {
  const { model } = compiled;
  const straight = compiled.quantity_as_is && compiled.total_as_is && !compiled.bucket && quantity.units >= 0n;
  if (straight && model.shape === 'quantity') return model.total(exact(quantity), true);
  return sumSteps(rate(compiled, { quantity: exact(quantity) }));
}

/** The same, rounded once to the currency, in minor units. */
export function minorAmountOf(compiled: CompiledPrice, quantity: Decimal, rounding: Rounding = 'half_up'): bigint {
  return roundExact(amountOf(compiled, quantity), compiled.decimals, rounding).units;
}

function readShare(text: string): Exact {
  const share = parseFraction(text);
  assert(share && share.units >= 0n, 'the share of a period is a fraction not below zero');
  return share;
}

function readUsage(compiled: CompiledPrice, input: UsageInput): { usage: Usage; quantity: string } {
  const allow_negative = input.allow_negative ?? false;
  if ((input.quantity === undefined) === (input.events === undefined)) {
    const pointer = input.quantity === undefined ? '/quantity' : '/events';
    throw refusal('quantity_or_events', pointer, 'Give exactly one of quantity and events.');
  }
  if (input.events === undefined) {
    const quantity = readQuantity(input.quantity, { allow_negative });
    return { usage: { quantity }, quantity: decimalText(input.quantity)! };
  }
  const aggregation = input.aggregation ?? 'sum';
  const usage = readEvents(input.events, { allow_negative, aggregation });
  return { usage, quantity: formatExact(aggregateOf(compiled, usage, aggregation)) };
}

/** What the events come to, as shown: their quantities, or their amounts where the price is over money. */
function aggregateOf({ model }: CompiledPrice, { events, aggregation }: EventUsage, asked: Aggregation): Exact {
  const money = asked !== 'count' && (model.shape === 'events' || (model.shape === 'quantity' && model.over === 'amount'));
  const values = events.flatMap((event) => {
    const value = money ? event.amount : (event.quantity ?? event.amount);
    return value ? [value] : [];
  });
  return aggregate(values, aggregation);
}
