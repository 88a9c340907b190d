import { setImmediate as breathe } from 'node:timers/promises';
import { CodedError } from '../../../../kernel/errors.ts';
import type { Db } from '../../../../platform/postgres.ts';
import { type RateOf, splitGross } from '../../../partners/model.ts';
import {
  asEarlier,
  besideOf,
  isFault,
  isPart,
  type SideTerms,
  type Trial,
  type TrialLine,
  type TrialRun,
} from '../../decide/backtests.ts';
import { type RatingFacts, rateSubscription } from '../../decide/charges.ts';
import type { EarlierCharge } from '../../decide/portions.ts';
import { freeRectangles, rectanglesWithin } from '../../decide/rectangles.ts';
import { SIDES, type Side, type TrialFault } from '../../model/backtests.ts';
import type { RatedCharge, RatedSubscription, UsageRectangle } from '../../model.ts';
import { earlierCharges } from '../../service.ts';
import { contextsWith } from '../contexts.ts';
import { readFacts, type Work } from '../facts.ts';
import type { LoadedTrial } from './load.ts';

/** What all trials of a backtest are rated with. */
export interface TrialTerms {
  readonly watermark: string;
  readonly rounding: string;
  readonly rateOf: RateOf;
}

/** Subscriptions that are rated before others get their turn in the process. */
const rated_at_once = 50;

/**
 * Rates subscriptions on every side, run after run: the first run of all together, then the second, each on top of those before it, by the
 * functions that a bill is made by. Usage is read once for all sides that ask the same.
 */
export async function rateTrials(db: Db, loaded: readonly LoadedTrial[], terms: TrialTerms): Promise<Trial[]> {
  const partners = new Map<string, string>();
  const contextsOf = contextsWith(db, partners);
  const sides = loaded.flatMap((trial) => SIDES.flatMap((side) => sideOf(trial, side)));
  await readStoredParts(db, sides);
  const longest = Math.max(0, ...loaded.map(({ runs }) => runs.length));
  for (let round = 0; round < longest; round += 1) {
    const due = sides.flatMap((side) => {
      const run = side.trial.runs[round];
      return run && !side.fault && !(run.billed && side.name === 'before') ? [{ side, run }] : [];
    });
    const works = due.map(({ side, run }) => workOf(side, run, terms));
    const facts = await readFacts(db, works, { rounding: terms.rounding, contextsOf });
    for (const [index, { side, run }] of due.entries()) {
      rateRun(side, run, facts[index]!, { partners, rateOf: terms.rateOf });
      if (index % rated_at_once === rated_at_once - 1) await breathe();
    }
  }
  return loaded.map((trial) => ({ ...trial, lines: linesOf(sides.filter((side) => side.trial === trial)) }));
}

/** One subscription on one side while it is rated. */
interface RatedSide {
  readonly trial: LoadedTrial;
  readonly name: Side;
  /** Null where it cannot be priced, and what was billed is all that there is. */
  readonly terms: SideTerms | null;
  readonly lines: TrialLine[];
  readonly earlier: EarlierCharge[];
  fault: TrialFault | null;
}

function sideOf(trial: LoadedTrial, name: Side): RatedSide[] {
  const terms = trial.terms[name];
  if (terms === null) return [];
  const lines = name === 'before' ? [...trial.billed] : [];
  if (!isFault(terms)) return [{ trial, name, terms, lines, earlier: [], fault: null }];
  const all_billed = name === 'before' && trial.runs.every((run) => run.billed);
  return [{ trial, name, terms: null, lines, earlier: [], fault: all_billed ? null : terms }];
}

function linesOf(sides: readonly RatedSide[]): Trial['lines'] {
  const of = (name: Side) => {
    const side = sides.find((each) => each.name === name);
    return side ? (side.fault ?? side.lines) : null;
  };
  return { before: of('before'), draft: of('draft'), compare: of('compare') };
}

/** Where a run that was not billed shares its interval with one that was, its counters go on from the charges on record. */
async function readStoredParts(db: Db, sides: readonly RatedSide[]): Promise<void> {
  const asked = sides.flatMap((side) => {
    if (side.name !== 'before' || !side.terms || side.trial.runs.every((run) => !run.billed)) return [];
    const periods = side.trial.runs.filter((run) => !run.billed).flatMap((run) => run.periods.filter(isPart));
    return periods.length === 0 ? [] : [{ side, subscription: pricedBy(side), periods, taken: [] }];
  });
  if (asked.length === 0) return;
  const stored = await earlierCharges(db, asked, new Map());
  for (const { side, subscription } of asked) side.earlier.push(...(stored.get(subscription.subscription_id) ?? []));
}

function pricedBy({ trial, terms }: RatedSide): RatedSubscription {
  return { ...trial.subscription, ...terms };
}

/**
 * A run that was billed is rated over what its takes hold, as far as that was taken: what came since and is not corrected yet is on no
 * side. One that was not billed takes what is free.
 */
function workOf(side: RatedSide, run: TrialRun, { watermark }: TrialTerms): Work {
  const { taken } = side.trial;
  const bounds = { from: run.periods[0]!.from, to: run.periods.at(-1)!.to };
  const takes = run.billed
    ? rectanglesWithin(taken, bounds)
    : freeRectangles({ ...bounds, arrived_from: '0', arrived_to: watermark }, taken);
  return {
    subscription: pricedBy(side),
    periods: run.periods,
    takes,
    late: { periods: [], rectangles: [] },
    charges: besideOf(run, side.earlier),
    billed: side.trial.runs.slice(0, side.trial.runs.indexOf(run)).flatMap(({ periods }) => periods),
    watermark: run.billed ? latestArrival(takes, watermark) : watermark,
  };
}

function latestArrival(takes: readonly UsageRectangle[], otherwise: string): string {
  const latest = takes
    .map((take) => BigInt(take.arrived_to))
    .sort((a, b) => (a < b ? -1 : 1))
    .at(-1);
  return latest === undefined ? otherwise : `${latest}`;
}

function rateRun(
  side: RatedSide,
  run: TrialRun,
  facts: RatingFacts,
  terms: { partners: ReadonlyMap<string, string>; rateOf: RateOf },
): void {
  try {
    for (const charge of rateSubscription(facts)) {
      side.lines.push(lineOf(charge, terms));
      const earlier = asEarlier(charge, side.terms!, run);
      if (earlier) side.earlier.push(earlier);
    }
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    side.fault = { side: side.name, code: error.code, detail: error.details.errors?.[0]?.detail ?? error.message };
  }
}

function lineOf(
  { to, sku, amount_minor, inputs }: RatedCharge,
  { partners, rateOf }: { partners: ReadonlyMap<string, string>; rateOf: RateOf },
): TrialLine {
  const tier = partners.get(String(inputs.partner_id));
  const { partner_minor } = splitGross({ gross_minor: amount_minor, pct: tier === undefined ? '0' : rateOf(tier, sku) });
  return { to, sku: sku ?? '', amount_minor, partner_minor };
}
