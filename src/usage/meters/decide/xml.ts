import sax from 'sax';
import { type Fault, fault, shown } from './faults.ts';

/** What a document says, in its order. Names come without their namespace prefix. */
export interface XmlEvents {
  open(name: string, attributes: Readonly<Record<string, string>>): void;
  text(text: string): void;
  close(name: string): void;
}

export interface XmlReader {
  /** The next bytes; a fault ends the reading. */
  push(chunk: Uint8Array): Fault | null;
  /** Once, after the last byte. */
  end(): Fault | null;
  /** Counted from 1. */
  line(): number;
}

const most_deep = 32;
const most_attributes = 32;

/**
 * Reads well-formed XML as its bytes come. There are no entities but XML's own five: a document type is refused, so that nothing outside
 * is fetched and nothing inside grows. Depth, attributes and the length of any one text, name, value or comment (64 KiB, by the parser)
 * are bounded.
 */
export function readXml(events: XmlEvents): XmlReader {
  const parser = sax.parser(true, { position: true });
  let problem: Fault | null = null;
  let decoder: TextDecoder | null = null;
  let head = Buffer.alloc(0);
  let depth = 0;
  let attributes = 0;
  let last_line: number | null = null;
  const refuse = (refusal: Fault) => {
    problem ??= refusal;
  };
  parser.ondoctype = () =>
    refuse(fault('xml_doctype', 'the file has a document type (DOCTYPE), which a file of usage does not need'));
  parser.onerror = (error) => {
    const what = error.message.split('\n')[0] ?? '';
    if (/max buffer/i.test(what)) refuse(fault('xml_too_long', 'a text, a name or a comment has more than 64 KiB'));
    else if (/unclosed root|unexpected end/i.test(what))
      refuse(fault('file_truncated', 'the file ends before its root element does'));
    else refuse(fault('xml_invalid', `the file is not well-formed XML: ${shown(what)}`));
  };
  parser.onattribute = () => {
    attributes += 1;
    if (attributes > most_attributes) refuse(fault('xml_attributes', `an element has more than ${most_attributes} attributes`));
  };
  parser.onopentag = ({ name, attributes: given }) => {
    attributes = 0;
    depth += 1;
    if (depth > most_deep) refuse(fault('xml_too_deep', `elements stand deeper than ${most_deep} in each other`));
    if (problem === null) events.open(localName(name), given as Record<string, string>);
  };
  parser.ontext = (text) => {
    if (problem === null) events.text(text);
  };
  parser.oncdata = parser.ontext;
  parser.onclosetag = (name) => {
    depth -= 1;
    if (problem === null) events.close(localName(name));
  };
  const start = (): void => {
    const found = decoderOf(head);
    if ('code' in found) refuse(found);
    else {
      decoder = found;
      write(head);
    }
  };
  const write = (bytes: Uint8Array | null): void => {
    if (problem !== null) return;
    try {
      const text = bytes === null ? decoder?.decode() : decoder?.decode(bytes, { stream: true });
      // In small pieces: the parser looks at how much it holds between them.
      for (let at = 0; problem === null && at < (text?.length ?? 0); at += piece) parser.write(text!.slice(at, at + piece));
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      refuse(fault('encoding_invalid', `the file is not ${decoder?.encoding ?? 'text'}, as it says`));
    }
  };
  return {
    push(chunk) {
      if (decoder !== null || problem !== null) {
        write(chunk);
        return problem;
      }
      head = Buffer.concat([head, chunk]);
      if (head.length >= head_bytes) start();
      return problem;
    },
    end() {
      if (decoder === null) start();
      write(null);
      last_line = parser.line + 1;
      if (problem === null) parser.close();
      return problem;
    },
    // The parser forgets where it was when it is closed.
    line: () => last_line ?? parser.line + 1,
  };
}

const piece = 16 * 1024;
/** A declaration stands at the very start. */
const head_bytes = 256;

/** UTF-8 unless the declaration says otherwise. */
function decoderOf(head: Buffer): TextDecoder | Fault {
  const start = head.toString('latin1');
  const declared = /^(?:\u00ef\u00bb\u00bf)?\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']/.exec(start)?.[1] ?? 'utf-8';
  const label = encodings.get(declared.toLowerCase());
  return label === undefined
    ? fault('encoding_invalid', `the encoding “${shown(declared)}” is none of ${[...encodings.keys()].join(', ')}`)
    : new TextDecoder(label, { fatal: true });
}

const encodings = new Map([
  ['utf-8', 'utf-8'],
  ['us-ascii', 'utf-8'],
  ['iso-8859-1', 'windows-1252'],
  ['windows-1252', 'windows-1252'],
]);

function localName(name: string): string {
  const colon = name.indexOf(':');
  return colon < 0 ? name : name.slice(colon + 1);
}
