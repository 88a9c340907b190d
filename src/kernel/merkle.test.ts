import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  consistencyProof,
  consistencyRanges,
  emptyRoot,
  foldPeaks,
  inclusionProof,
  inclusionRanges,
  leafHash,
  merkleRoot,
  nodeHash,
  perfectNodes,
  TreeBuilder,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';

/** The leaves of Certificate Transparency's reference tests (certificate-transparency, merkletree/merkle_tree_test.cc). */
const reference = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(
  (entry) => leafHash(Buffer.from(entry, 'hex')),
);

const referenceRoots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

const sizes = Array.from({ length: 71 }, (_, size) => size);
const leaves = sizes.map((at) => leafHash(`leaf ${at}`));

describe('Merkle trees (RFC 6962)', () => {
  it('have the roots of the reference tests', () => {
    expect(referenceRoots.map((_, at) => merkleRoot(reference.slice(0, at + 1)).toString('hex'))).toEqual(referenceRoots);
    expect(emptyRoot.toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(merkleRoot([])).toEqual(emptyRoot);
  });

  it('give the inclusion proofs of the reference tests', () => {
    const hex = (leaf: number, size: number): string[] =>
      inclusionProof(reference.slice(0, size), leaf - 1).map((each) => each.toString('hex'));
    expect(hex(1, 1)).toEqual([]);
    expect(hex(1, 8)).toEqual([
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]);
    expect(hex(6, 8)).toEqual([
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
    expect(hex(3, 3)).toEqual(['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']);
    expect(hex(2, 5)).toEqual([
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ]);
  });

  it('give the consistency proofs of the reference tests', () => {
    const hex = (from: number, to: number): string[] =>
      consistencyProof(reference.slice(0, to), from).map((each) => each.toString('hex'));
    expect(hex(1, 1)).toEqual([]);
    expect(hex(1, 8)).toEqual([
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]);
    expect(hex(6, 8)).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
    expect(hex(2, 5)).toEqual([
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ]);
  });

  it('are the recursive definition of RFC 6962 §2.1, for every size to 70', () => {
    for (const size of sizes) expect(merkleRoot(leaves.slice(0, size))).toEqual(definition(leaves.slice(0, size)));
  });

  it('prove each leaf of each size to 70, and nothing else', () => {
    for (const size of sizes) {
      const root = merkleRoot(leaves.slice(0, size));
      for (let index = 0; index < size; index += 1) {
        const path = inclusionProof(leaves.slice(0, size), index);
        const proof = { leaf: leaves[index]!, index, size, path, root };
        expect(verifyInclusion(proof)).toBe(true);
        expect(verifyInclusion({ ...proof, leaf: leafHash('other') })).toBe(false);
        expect(verifyInclusion({ ...proof, root: leafHash('other') })).toBe(false);
        expect(verifyInclusion({ ...proof, index: index + 1 })).toBe(false);
        expect(verifyInclusion({ ...proof, path: [...path, leafHash('more')] })).toBe(false);
        if (path.length > 0) expect(verifyInclusion({ ...proof, path: path.slice(0, -1) })).toBe(false);
      }
    }
  });

  it('prove each size to 70 to begin with each smaller one, and no other history', () => {
    for (const to of sizes) {
      const to_root = merkleRoot(leaves.slice(0, to));
      for (let from = 0; from <= to; from += 1) {
        const path = consistencyProof(leaves.slice(0, to), from);
        const proof = { from, to, from_root: merkleRoot(leaves.slice(0, from)), to_root, path };
        expect(verifyConsistency(proof), `${from} → ${to}`).toBe(true);
        expect(verifyConsistency({ ...proof, from_root: leafHash('other') })).toBe(false);
        expect(verifyConsistency({ ...proof, path: [...path, leafHash('more')] })).toBe(false);
        if (from > 0) expect(verifyConsistency({ ...proof, to_root: leafHash('other') })).toBe(false);
        if (path.length > 0) expect(verifyConsistency({ ...proof, path: path.slice(1) })).toBe(false);
        if (path.length > 0) expect(verifyConsistency({ ...proof, path: path.slice(0, -1) })).toBe(false);
      }
    }
  });

  it('are found inconsistent when any one leaf of the old tree is another in the new', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.nat(), (to, a, b) => {
        const from = 1 + (a % to);
        const forked = leaves.slice(0, to).with(b % from, leafHash('forked'));
        const proof = { from, to, from_root: merkleRoot(leaves.slice(0, from)), to_root: merkleRoot(forked) };
        expect(verifyConsistency({ ...proof, path: consistencyProof(forked, from) })).toBe(false);
        expect(verifyConsistency({ ...proof, path: consistencyProof(leaves.slice(0, to), from) })).toBe(false);
      }),
    );
  });

  it('grow from their peaks as if they had never stopped', () => {
    for (const size of sizes) {
      const builder = new TreeBuilder(size, rootsOf(perfectNodes({ start: 0, end: size })));
      for (const leaf of leaves.slice(size)) builder.append(leaf);
      expect(builder.size).toBe(leaves.length);
      expect(builder.root()).toEqual(merkleRoot(leaves));
    }
    expect(() => new TreeBuilder(3, [leaves[0]!])).toThrow(RangeError);
  });

  it('tell every perfect subtree once, from which every range of a proof can be folded', () => {
    const known = new Map<string, Buffer>(leaves.map((leaf, index) => [`0/${index}`, leaf]));
    const builder = new TreeBuilder();
    for (const leaf of leaves)
      builder.append(leaf, ({ level, index, hash }) => {
        expect(known.has(`${level}/${index}`)).toBe(false);
        known.set(`${level}/${index}`, hash);
      });
    // 71 leaves: 71 − popcount(71) = 67 inner nodes of perfect subtrees.
    expect(known.size - leaves.length).toBe(67);
    for (const range of [...inclusionRanges(40, 71), ...inclusionRanges(70, 71), ...consistencyRanges(37, 71)]) {
      const hashes = perfectNodes(range).map(({ level, index }) => known.get(`${level}/${index}`)!);
      expect(foldPeaks(hashes)).toEqual(definition(leaves.slice(range.start, range.end)));
    }
  });

  it('refuse hashes of another length and places outside the tree', () => {
    expect(() => nodeHash(Buffer.alloc(31), Buffer.alloc(32))).toThrow(RangeError);
    expect(() => inclusionRanges(3, 3)).toThrow(RangeError);
    expect(() => consistencyRanges(4, 3)).toThrow(RangeError);
    expect(verifyInclusion({ leaf: leaves[0]!, index: 0.5, size: 2, path: [], root: leaves[0]! })).toBe(false);
    expect(verifyConsistency({ from: 2, to: 1, from_root: leaves[0]!, to_root: leaves[0]!, path: [] })).toBe(false);
  });
});

/** MTH as the RFC states it, without any cleverness. */
function definition(entries: readonly Buffer[]): Buffer {
  if (entries.length === 0) return emptyRoot;
  if (entries.length === 1) return entries[0]!;
  let middle = 1;
  while (middle * 2 < entries.length) middle *= 2;
  return nodeHash(definition(entries.slice(0, middle)), definition(entries.slice(middle)));
}

function rootsOf(places: { level: number; index: number }[]): Buffer[] {
  return places.map(({ level, index }) => definition(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)));
}
