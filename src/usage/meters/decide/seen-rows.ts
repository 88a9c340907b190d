/** A row of a file as it is remembered: 64 bits of its request id, 32 of its body, and its line. */
export const words_per_row = 4;

/**
 * Prints of a row. Two ids are taken for one where 64 bits agree, once in 10⁵ files of ten million rows; two bodies of one id for the same
 * where 32 do.
 */
export function writePrint(into: Uint32Array, at: number, row: { request_id: string; body: string; line: number }): void {
  const [high, low] = print(row.request_id);
  into[at] = high;
  into[at + 1] = low;
  into[at + 2] = print(row.body)[0];
  into[at + 3] = row.line;
}

/** Lines of rows whose request id an earlier row has with another body. `rows` are prints, in the order of the file. */
export function repeatedOtherwise(rows: Uint32Array): number[] {
  const count = rows.length / words_per_row;
  let size = 16;
  while (size < count * 2) size *= 2;
  // Places of first rows, plus one: zero is free.
  const table = new Uint32Array(size);
  const found: number[] = [];
  for (let at = 0; at < rows.length; at += words_per_row) {
    const [high, low] = [rows[at]!, rows[at + 1]!];
    let slot = low & (size - 1);
    for (;;) {
      const first = table[slot]!;
      if (first === 0) {
        table[slot] = at / words_per_row + 1;
        break;
      }
      const known = (first - 1) * words_per_row;
      if (rows[known] === high && rows[known + 1] === low) {
        if (rows[known + 2] !== rows[at + 2]) found.push(rows[at + 3]!);
        break;
      }
      slot = (slot + 1) & (size - 1);
    }
  }
  return found;
}

/** Which of `parts` a row's print belongs to: rows of one id always to the same. */
export function partOf(prints: Uint32Array, at: number, parts: number): number {
  return prints[at]! % parts;
}

/** 64 bits of a text, well mixed (cyrb53 with its full width); not a secret, and not against one who looks for collisions. */
function print(text: string): readonly [number, number] {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 2_654_435_761);
    b = Math.imul(b ^ code, 1_597_334_677);
  }
  a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909);
  b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909);
  return [b >>> 0, a >>> 0];
}
