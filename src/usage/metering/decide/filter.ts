import { assert } from '../../../kernel/assert.ts';

/**
 * A filter over keys: `false` is certain, `true` is wrong for about one key in 6,000. A split block Bloom filter as Apache Parquet has it
 * (https://parquet.apache.org/docs/file-format/bloomfilter/): one block of 256 bits a key, one bit of it in each of its eight words.
 */
export interface KeyFilter {
  readonly bytes: Buffer;
  add(key: KeyHash): void;
  mayHold(key: KeyHash): boolean;
}

/** The first 64 bits of a key, in two halves. Keys are hashes already. */
export interface KeyHash {
  readonly high: number;
  readonly low: number;
}

const bits_per_key = 24;
const words_per_block = 8;
const block_bytes = 4 * words_per_block;
/** From the specification. */
const salts = [0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31] as const;

/** The hash of a key in hexadecimal, with or without hyphens. */
export function keyHash(key: string): KeyHash {
  const hex = key.length === 36 ? key.replaceAll('-', '') : key;
  return { high: Number.parseInt(hex.slice(0, 8), 16), low: Number.parseInt(hex.slice(8, 16), 16) };
}

/** An empty filter with room for that many keys. */
export function emptyFilter(keys: number): KeyFilter {
  return filterOf(Buffer.alloc(Math.max(1, Math.ceil((keys * bits_per_key) / (8 * block_bytes))) * block_bytes));
}

/** A filter from the bytes of one. */
export function filterOf(bytes: Buffer): KeyFilter {
  assert(bytes.length > 0 && bytes.length % block_bytes === 0, 'a filter has whole blocks');
  // Words of its own, whatever the buffer's place in memory, and the same on every machine.
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const blocks = bytes.length / block_bytes;
  const blockOf = ({ high }: KeyHash) => Math.floor((high * blocks) / 2 ** 32) * block_bytes;
  return {
    bytes,
    add(key) {
      const block = blockOf(key);
      for (let word = 0; word < words_per_block; word += 1) {
        const at = block + 4 * word;
        view.setUint32(at, view.getUint32(at, true) | bitOf(key, word), true);
      }
    },
    mayHold(key) {
      const block = blockOf(key);
      for (let word = 0; word < words_per_block; word += 1) {
        if ((view.getUint32(block + 4 * word, true) & bitOf(key, word)) === 0) return false;
      }
      return true;
    },
  };
}

function bitOf({ low }: KeyHash, word: number): number {
  return 1 << (Math.imul(low, salts[word]!) >>> 27);
}
