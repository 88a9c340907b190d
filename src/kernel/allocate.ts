import { assert } from './assert.ts';
import { type Decimal, unitsAt } from './decimal.ts';

/**
 * Splits a whole number of minor units by weight, by largest remainder (Hamilton's method): each part is its exact share
 * rounded towards zero, and the units left over go one each to the largest remainders, the earlier part first among equals.
 * The parts always sum to the total; a negative total is the mirror image of the positive one. Weights are not negative and
 * not all zero; a part of weight zero gets nothing.
 */
export function allocate(total: bigint, weights: readonly bigint[]): bigint[] {
  const sum = weights.reduce((before, weight) => before + weight, 0n);
  assert(sum > 0n && weights.every((weight) => weight >= 0n), 'allocation needs weights not below zero and not all zero');
  const magnitude = total < 0n ? -total : total;
  const parts = weights.map((weight) => (magnitude * weight) / sum);
  const left = parts.reduce((rest, part) => rest - part, magnitude);
  const remainders = weights.map((weight, index) => ({ index, remainder: (magnitude * weight) % sum }));
  remainders.sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1));
  // Fewer units are left over than there are parts with a remainder, so a part of weight zero is never reached.
  for (let given = 0; BigInt(given) < left; given += 1) parts[remainders[given]!.index]! += 1n;
  return total < 0n ? parts.map((part) => -part) : parts;
}

/** The same, with decimal weights (percentages, quantities, amounts). */
export function allocateByDecimal(total: bigint, weights: readonly Decimal[]): bigint[] {
  const scale = Math.max(0, ...weights.map((weight) => weight.scale));
  return allocate(
    total,
    weights.map((weight) => unitsAt(weight, scale)),
  );
}
