import { addExact, type Exact, formatExact, NOTHING, negateExact } from '../kernel/exact.ts';

/** What a step is for. The first four say what happened to the quantity and carry the amount zero. */
export type StepKind =
  | 'transform'
  | 'included'
  | 'quantity_discount'
  | 'free'
  | 'unit'
  | 'flat'
  | 'tier'
  | 'tier_flat'
  | 'tier_maximum'
  | 'package'
  | 'percentage'
  | 'fixed'
  | 'event_minimum'
  | 'event_maximum'
  | 'dynamic'
  | 'held'
  | 'percentage_discount'
  | 'amount_discount'
  | 'maximum'
  | 'minimum';

/** One line of an explanation, still exact. The amounts of all steps sum to the exact amount. */
export interface Step {
  readonly kind: StepKind;
  readonly amount: Exact;
  readonly quantity: Exact | undefined;
  /** The price per unit or package, or the percentage, as the price says it. */
  readonly rate: string | undefined;
  /** From 1. */
  readonly tier: number | undefined;
  /** The matrix cell or time-of-use band. */
  readonly part: string | undefined;
  /** The event's request id, or its place among the events where it has none. */
  readonly event: string | undefined;
  /** The instant the bucket begins. */
  readonly bucket: string | undefined;
  /** The numbers already written down, where a compiled price holds the step ready. */
  readonly texts: StepTexts | undefined;
}

export interface StepTexts {
  readonly amount: string;
  readonly quantity: string | undefined;
}

export interface StepDetails {
  quantity?: Exact;
  rate?: string | undefined;
  tier?: number;
  event?: string;
}

export function step(kind: StepKind, amount: Exact, { quantity, rate, tier, event }: StepDetails = {}): Step {
  return { kind, amount, quantity, rate, tier, part: undefined, event, bucket: undefined, texts: undefined };
}

export function sumSteps(steps: readonly Step[]): Exact {
  let total = steps[0]?.amount ?? NOTHING;
  for (let index = 1; index < steps.length; index += 1) total = addExact(total, steps[index]!.amount);
  return total;
}

/** The mirror image, for a quantity below zero. */
export function mirrored(step: Step): Step {
  return { ...step, amount: negateExact(step.amount), quantity: step.quantity && negateExact(step.quantity), texts: undefined };
}

/** The same step with its numbers written down beforehand. */
export function ready(step: Step): Step {
  return { ...step, texts: { amount: formatExact(step.amount), quantity: step.quantity && formatExact(step.quantity) } };
}

export function inPart(step: Step, part: string): Step {
  return { ...step, part: step.part === undefined ? part : `${part}/${step.part}` };
}
