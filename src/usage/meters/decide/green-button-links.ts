import { type Fault, fault } from './faults.ts';
import { type Channel, channelOfType } from './green-button-readings.ts';

/** An Atom entry, as far as it was read. */
export interface Entry {
  line: number;
  /** The element inside `content`. */
  kind: string;
  id: string;
  self: string;
  up: string;
  related: string[];
  fields: Record<string, string>;
  link(rel: string, href: string): void;
  say(parent: string, name: string, value: string): void;
}

/** Which usage point, meter reading and reading type a block belongs to. */
export interface Directory {
  add(entry: Entry): Fault | null;
  /** Null while the links of the block lead nowhere yet. */
  channelOf(block: Entry): Channel | Fault | null;
}

const most_links = 20_000;
const most_entries = 20_000;

export function newEntry(line: number): Entry {
  const entry: Entry = {
    line,
    kind: '',
    id: '',
    self: '',
    up: '',
    related: [],
    fields: {},
    link(rel, href) {
      if (href.length > 1000) return;
      if (rel === 'self') entry.self = href;
      else if (rel === 'up') entry.up = href;
      else if (rel === 'related' && entry.related.length < most_links) entry.related.push(href);
    },
    say(parent, name, value) {
      if (parent === 'entry' && name === 'id') entry.id = value;
      else if (parent === entry.kind || parent === 'ServiceCategory') entry.fields[name] ??= value;
    },
  };
  return entry;
}

/**
 * Ties entries by their links, whichever way a program writes them: a parent relates to its child or to the collection that the child
 * is up to, or the child's address lies below the parent's.
 */
export function espiDirectory(): Directory {
  const points = relatives();
  const readings = relatives();
  const types = new Map<string, Entry>();
  const channels = new Map<Entry, Channel | Fault>();
  /** Register of each usage point → the meter reading that it stands for. */
  const claims = new Map<string, Entry>();
  let count = 0;

  const channel = (reading: Entry): Channel | Fault | null => {
    const known = channels.get(reading);
    if (known) return known;
    const point = points.parentOf(reading);
    const type = reading.related.map((href) => types.get(href)).find((one) => one !== undefined);
    if (point === undefined || type === undefined) return null;
    const meter = identifierOf(point);
    const made =
      meter === null
        ? fault('meter_unnamed', 'the usage point has neither an id nor an address')
        : channelOfType(type, point, meter);
    const result = 'code' in made ? made : (claim(made, reading) ?? made);
    channels.set(reading, result);
    return result;
  };
  /** Two meter readings of the same energy, hourly and daily say, would be billed twice. */
  const claim = ({ meter, register }: Channel, reading: Entry): Fault | null => {
    const [base = '', part] = register.split('.');
    for (const [key, other] of claims) {
      const [claimed_meter, claimed = ''] = key.split(' ');
      if (claimed_meter !== meter || other === reading) continue;
      const [claimed_base, claimed_part] = claimed.split('.');
      const overlaps = claimed_base === base && (claimed_part === part || claimed_part === undefined || part === undefined);
      if (overlaps)
        return fault(
          'register_ambiguous',
          `the usage point ${meter} has two meter readings of the same quantity (${register}); keep one`,
        );
    }
    claims.set(`${meter} ${register}`, reading);
    return null;
  };
  return {
    add(entry) {
      const { kind } = entry;
      if (kind !== 'UsagePoint' && kind !== 'MeterReading' && kind !== 'ReadingType') return null;
      count += 1;
      if (count > most_entries)
        return fault('entries_too_many', `the file has more than ${most_entries} usage points, readings and types`);
      if (kind === 'UsagePoint') points.add(entry);
      else if (kind === 'MeterReading') readings.add(entry);
      else types.set(entry.self, entry);
      return null;
    },
    channelOf(block) {
      const reading = readings.parentOf(block);
      return reading === undefined ? null : channel(reading);
    },
  };
}

function relatives() {
  const by_related = new Map<string, Entry>();
  const by_self = new Map<string, Entry>();
  return {
    add(entry: Entry) {
      by_self.set(entry.self, entry);
      for (const href of entry.related) by_related.set(href, entry);
    },
    parentOf({ self, up }: Entry): Entry | undefined {
      return by_related.get(self) ?? by_related.get(up) ?? by_self.get(above(up, 1)) ?? by_self.get(above(self, 2));
    },
  };
}

/** An address without its last `parts` parts; the empty text finds nothing. */
function above(href: string, parts: number): string {
  return href.split('/').slice(0, -parts).join('/') || '/';
}

/** As meters are named here: the entry's id, which lasts, without its URN; the end of its address where that is no name. */
function identifierOf({ id, self }: Entry): string | null {
  const name = id.replace(/^urn:uuid:/i, '').toLowerCase();
  if (/^[a-z0-9][a-z0-9._:-]{0,63}$/.test(name)) return name;
  const address = self
    .replace(/[^A-Za-z0-9._:-]+/g, '-')
    .slice(-64)
    .replace(/^[^A-Za-z0-9]+/, '');
  return address === '' ? null : address;
}
