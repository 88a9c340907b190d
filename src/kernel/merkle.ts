import { hash } from 'node:crypto';

/** Merkle trees as RFC 6962 §2.1 defines them, over SHA-256. Hashes are Buffers of 32 bytes. */

/** The root of a tree without leaves: SHA-256 of nothing. */
export const emptyRoot: Buffer = hash('sha256', '', 'buffer');

/** SHA-256(0x00 || entry). Text counts as its UTF-8 bytes; it must be well-formed. */
export function leafHash(entry: string | Uint8Array): Buffer {
  if (typeof entry === 'string') return hash('sha256', `\u0000${entry}`, 'buffer');
  const bytes = Buffer.allocUnsafe(entry.length + 1);
  bytes[0] = 0;
  bytes.set(entry, 1);
  return hash('sha256', bytes, 'buffer');
}

/** SHA-256(0x01 || left || right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  if (left.length !== 32 || right.length !== 32) throw new RangeError('a node stands over two hashes of 32 bytes');
  scratch.set(left, 1);
  scratch.set(right, 33);
  return hash('sha256', scratch, 'buffer');
}

/** The root over leaf hashes (MTH of RFC 6962 §2.1). */
export function merkleRoot(leaves: Iterable<Uint8Array>): Buffer {
  const tree = new TreeBuilder();
  for (const leaf of leaves) tree.append(leaf);
  return tree.root();
}

/**
 * Grows a tree leaf by leaf in O(log n) memory: it keeps the peaks, the roots of the perfect subtrees that the binary form of the
 * size names, largest first. `peaks` and `size` are all that is needed to go on later.
 */
export class TreeBuilder {
  private count: number;
  private readonly stack: Buffer[];

  constructor(size = 0, peaks: readonly Uint8Array[] = []) {
    if (peaks.length !== bitCount(size))
      throw new RangeError(`a tree of ${size} leaves has ${bitCount(size)} peaks, not ${peaks.length}`);
    this.count = size;
    this.stack = peaks.map((peak) => Buffer.from(peak));
  }

  get size(): number {
    return this.count;
  }

  get peaks(): readonly Buffer[] {
    return this.stack;
  }

  /** Adds a leaf hash; `onNode` hears of every perfect subtree that it completes. */
  append(leaf: Uint8Array, onNode?: (node: TreeNode) => void): void {
    let node = asBuffer(leaf);
    let index = this.count;
    let level = 0;
    for (; index % 2 === 1; index = (index - 1) / 2) {
      node = nodeHash(this.stack.pop()!, node);
      level += 1;
      onNode?.({ level, index: (index - 1) / 2, hash: node });
    }
    this.stack.push(node);
    this.count += 1;
  }

  root(): Buffer {
    return this.stack.length === 0 ? emptyRoot : foldPeaks(this.stack);
  }
}

/** A perfect subtree: the leaves [index · 2^level, (index + 1) · 2^level). Level 0 is a leaf. */
export interface NodePlace {
  level: number;
  index: number;
}

export interface TreeNode extends NodePlace {
  hash: Buffer;
}

/** Leaves [start, end) of a tree: the subtree whose hash a proof step is. */
export interface LeafRange {
  start: number;
  end: number;
}

/** The subtrees whose hashes are PATH(index, D[size]) of RFC 6962 §2.1.1, in its order: nearest the leaf first. */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  if (!isCount(size) || !isCount(index) || index >= size) throw new RangeError(`no leaf ${index} in a tree of ${size}`);
  const path: LeafRange[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + split(end - start);
    if (index < middle) {
      path.push({ start: middle, end });
      end = middle;
    } else {
      path.push({ start, end: middle });
      start = middle;
    }
  }
  return path.reverse();
}

/** The subtrees whose hashes are PROOF(from, D[to]) of RFC 6962 §2.1.2. From 0 and from `to` the proof is empty. */
export function consistencyRanges(from: number, to: number): LeafRange[] {
  if (!isCount(from) || !isCount(to) || from > to) throw new RangeError(`no proof from size ${from} to ${to}`);
  if (from === 0 || from === to) return [];
  const path: LeafRange[] = [];
  let start = 0;
  let end = to;
  let whole = true;
  while (from !== end) {
    const middle = start + split(end - start);
    if (from <= middle) {
      path.push({ start: middle, end });
      end = middle;
    } else {
      path.push({ start, end: middle });
      start = middle;
      whole = false;
    }
  }
  if (!whole) path.push({ start, end });
  return path.reverse();
}

/** The perfect subtrees that make up a range of a proof, left to right; `foldPeaks` of their hashes is the range's hash. */
export function perfectNodes({ start, end }: LeafRange): NodePlace[] {
  const nodes: NodePlace[] = [];
  for (let at = start; at < end; ) {
    let level = 0;
    while (at % 2 ** (level + 1) === 0 && at + 2 ** (level + 1) <= end) level += 1;
    nodes.push({ level, index: at / 2 ** level });
    at += 2 ** level;
  }
  return nodes;
}

/** The root over perfect subtrees of falling size, left to right. */
export function foldPeaks(peaks: readonly Uint8Array[]): Buffer {
  let node = asBuffer(peaks.at(-1)!);
  for (let at = peaks.length - 2; at >= 0; at -= 1) node = nodeHash(peaks[at]!, node);
  return node;
}

/** PATH(index, D[n]) over leaf hashes held in memory. */
export function inclusionProof(leaves: readonly Uint8Array[], index: number): Buffer[] {
  return inclusionRanges(index, leaves.length).map(({ start, end }) => merkleRoot(leaves.slice(start, end)));
}

/** PROOF(from, D[n]) over leaf hashes held in memory. */
export function consistencyProof(leaves: readonly Uint8Array[], from: number): Buffer[] {
  return consistencyRanges(from, leaves.length).map(({ start, end }) => merkleRoot(leaves.slice(start, end)));
}

/** RFC 9162 §2.1.3.2: is `leaf` the leaf hash at `index` of the tree of `size` leaves under `root`? */
export function verifyInclusion(proof: {
  leaf: Uint8Array;
  index: number;
  size: number;
  path: readonly Uint8Array[];
  root: Uint8Array;
}): boolean {
  if (!isCount(proof.size) || !isCount(proof.index) || proof.index >= proof.size) return false;
  let fn = proof.index;
  let sn = proof.size - 1;
  let node = asBuffer(proof.leaf);
  for (const step of proof.path) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      node = nodeHash(step, node);
      while (fn % 2 === 0 && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      node = nodeHash(node, step);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && node.equals(proof.root);
}

/** RFC 9162 §2.1.4.2: does the tree of `to` leaves begin with the tree of `from` leaves? Every tree begins with the empty one. */
export function verifyConsistency(proof: {
  from: number;
  to: number;
  from_root: Uint8Array;
  to_root: Uint8Array;
  path: readonly Uint8Array[];
}): boolean {
  const { from, to } = proof;
  if (!isCount(from) || !isCount(to) || from > to) return false;
  if (from === 0) return proof.path.length === 0 && emptyRoot.equals(proof.from_root);
  if (from === to) return proof.path.length === 0 && asBuffer(proof.from_root).equals(proof.to_root);
  if (proof.path.length === 0) return false;
  const path = isPowerOfTwo(from) ? [proof.from_root, ...proof.path] : proof.path;
  let fn = from - 1;
  let sn = to - 1;
  while (fn % 2 === 1) {
    fn = half(fn);
    sn = half(sn);
  }
  let fr = asBuffer(path[0]!);
  let sr = fr;
  for (const step of path.slice(1)) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      fr = nodeHash(step, fr);
      sr = nodeHash(step, sr);
      while (fn % 2 === 0 && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      sr = nodeHash(sr, step);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && fr.equals(proof.from_root) && sr.equals(proof.to_root);
}

/** One buffer for all node hashes: `hash` reads it before it returns. */
const scratch = Buffer.alloc(65, 1);

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function half(value: number): number {
  return Math.floor(value / 2);
}

function isPowerOfTwo(value: number): boolean {
  return bitCount(value) === 1;
}

/** The largest power of two smaller than `size`, for sizes from 2. Plain arithmetic: bit operators end at 32 bits. */
function split(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}

function bitCount(value: number): number {
  let count = 0;
  for (let rest = value; rest > 0; rest = half(rest)) count += rest % 2;
  return count;
}
