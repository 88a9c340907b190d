import { type Fault, fault, shown } from './faults.ts';

/** A segment: its tag, and its elements, each with its components. `number` counts segments from 1, the service string advice apart. */
export interface Segment {
  number: number;
  tag: string;
  elements: readonly (readonly string[])[];
}

export interface SegmentReader {
  /** The next bytes: the segments they end, and what is wrong, which ends the reading. */
  push(chunk: Uint8Array): { segments: Segment[]; problem: Fault | null };
  /** Once, after the last byte: whether it ended a segment. */
  end(): { problem: Fault | null };
  decimal_mark(): string;
  count(): number;
}

const most_segment = 8192;

/**
 * Cuts an EDIFACT interchange (ISO 9735) into segments as its bytes come, holding one at the most. The service string advice (UNA) says
 * which characters separate; without it they are `:+.? '`. A release character takes the meaning from the one behind it. Characters are read
 * one byte each: everything that is looked at is ASCII in every character set of the standard.
 */
export function segmentReader(): SegmentReader {
  let marks = { component: ':', element: '+', decimal: '.', release: '?', terminator: "'" };
  let rest = '';
  let begun = false;
  let number = 0;
  let problem: Fault | null = null;

  const begin = (): boolean => {
    const text = rest.trimStart();
    if (text.length < 9) return false;
    if (text.startsWith('UNA')) {
      const [component = '', element = '', decimal = '', release = '', , terminator = ''] = text.slice(3, 9);
      const all = [component, element, decimal, release, terminator];
      if (new Set(all).size < 5 || all.some((one) => /[A-Za-z0-9\s]/.test(one) && one !== release))
        problem = fault(
          'service_string_invalid',
          `the service string advice “${shown(text.slice(0, 9))}” names no five separators`,
        );
      marks = { component, element, decimal, release, terminator };
    }
    rest = text.startsWith('UNA') ? text.slice(9) : text;
    begun = true;
    return true;
  };
  const split = (text: string): string[][] => {
    const { component, element, release } = marks;
    if (!text.includes(release)) return text.split(element).map((one) => one.split(component));
    const elements: string[][] = [[]];
    let part = '';
    for (let at = 0; at < text.length; at += 1) {
      const char = text[at]!;
      if (char === release && release !== ' ') {
        at += 1;
        part += text[at] ?? '';
      } else if (char === component || char === element) {
        elements.at(-1)!.push(part);
        part = '';
        if (char === element) elements.push([]);
      } else part += char;
    }
    elements.at(-1)!.push(part);
    return elements;
  };
  /** Where the segment that begins at `from` ends, or −1. */
  const endOf = (from: number): number => {
    for (let at = rest.indexOf(marks.terminator, from); at >= 0; at = rest.indexOf(marks.terminator, at + 1)) {
      let released = 0;
      while (rest[at - 1 - released] === marks.release && marks.release !== ' ' && at - 1 - released >= from) released += 1;
      if (released % 2 === 0) return at;
    }
    return -1;
  };
  return {
    push(chunk) {
      const segments: Segment[] = [];
      if (problem !== null) return { segments, problem };
      rest += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1');
      if (!begun && !begin()) return { segments, problem };
      let from = 0;
      for (let at = endOf(0); at >= 0 && problem === null; at = endOf(from)) {
        const text = rest.slice(from, at).trimStart();
        from = at + 1;
        number += 1;
        if (text.includes('\0')) problem = fault('encoding_invalid', 'a segment holds a NUL character');
        else if (text.length > most_segment)
          problem = fault('segment_too_long', `a segment has more than ${most_segment} characters`);
        else {
          const [[tag = ''] = [], ...elements] = split(text);
          segments.push({ number, tag: tag.toUpperCase(), elements });
        }
      }
      // Copied: a slice would hold on to all that was before it.
      rest = Buffer.from(rest.slice(from), 'latin1').toString('latin1');
      if (rest.trimStart().length > most_segment)
        problem ??= fault('segment_too_long', `a segment has more than ${most_segment} characters`);
      else if (rest.trim() === '') rest = '';
      return { segments, problem };
    },
    end: () => ({ problem: rest.trim() === '' ? null : fault('segment_cut', 'the file ends inside a segment') }),
    decimal_mark: () => marks.decimal,
    count: () => number,
  };
}
