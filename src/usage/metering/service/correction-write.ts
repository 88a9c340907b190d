import type { CorrectionPair } from '../decide/correction.ts';
import { type Storing, type Verdict, writeOn } from './ingest-write.ts';

/** What is written of a correction. */
type Pair = Pick<CorrectionPair, 'counter' | 'replacement'>;

/** `replacement` is null where there is none. Both are stored, or neither. */
export interface PairVerdict {
  counter: Verdict;
  replacement: Verdict | null;
}

/**
 * Writes the pairs of one tenant in the transaction that the caller has begun by `inFlush`: each pair whole or not at all. Of a pair
 * that cannot be whole, the verdicts say why: what is `accepted` beside a refusal or a duplicate is not stored.
 */
export async function writePairs(
  storing: Storing,
  tenant_id: string,
  pairs: readonly Pair[],
  now: Temporal.Instant,
): Promise<PairVerdict[]> {
  const { client } = storing;
  const verdicts = new Map<Pair, PairVerdict>();
  let open = pairs;
  while (open.length > 0) {
    await client.query('SAVEPOINT pairs');
    const found = await flushPairs(storing, tenant_id, open, now);
    const halves = open.filter((pair) => isHalf(found.get(pair)!));
    if (halves.length > 0) await client.query('ROLLBACK TO SAVEPOINT pairs');
    await client.query('RELEASE SAVEPOINT pairs');
    for (const pair of halves.length > 0 ? halves : open) verdicts.set(pair, found.get(pair)!);
    open = halves.length > 0 ? open.filter((pair) => !verdicts.has(pair)) : [];
  }
  return pairs.map((pair) => verdicts.get(pair)!);
}

async function flushPairs(
  storing: Storing,
  tenant_id: string,
  pairs: readonly Pair[],
  now: Temporal.Instant,
): Promise<Map<Pair, PairVerdict>> {
  const events = pairs.flatMap(({ counter, replacement }) => (replacement ? [counter, replacement] : [counter]));
  const [written] = await writeOn(storing, [{ tenant_id, events, now, size: events.length, bytes: 0 }]);
  let next = 0;
  const take = () => written![next++]!;
  return new Map(pairs.map((pair) => [pair, { counter: take(), replacement: pair.replacement && take() }]));
}

/** True where one of the two was stored now and the other was not. */
function isHalf({ counter, replacement }: PairVerdict): boolean {
  return replacement !== null && (counter.outcome === 'accepted') !== (replacement.outcome === 'accepted');
}
