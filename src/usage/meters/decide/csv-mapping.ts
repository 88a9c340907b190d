import type { Column, CsvMappingDefinition, From } from '../model.ts';
import { type Fault, isFault } from './faults.ts';
import { compileTimeFormat } from './time-format.ts';

/** What a mapping cannot mean, by field; none when it can be used. */
export function mappingFaults(mapping: CsvMappingDefinition): (Fault & { pointer: string })[] {
  const { time, quantity, quality } = mapping;
  const found: (Fault & { pointer: string })[] = [];
  const refuse = (pointer: string, code: string, detail: string) => found.push({ pointer, code, detail });
  if (mapping.decimal_mark === mapping.delimiter)
    refuse('/decimal_mark', 'decimal_mark_is_delimiter', 'a comma cannot both separate columns and mark decimals');
  const named = columnsOf(mapping);
  if (!mapping.header) {
    for (const { pointer, column } of named)
      if (typeof column === 'string')
        refuse(pointer, 'column_unnamed', 'without a header a column is given by its place, from 1');
  }
  const seen = new Map<Column, string>();
  for (const { pointer, column } of named) {
    const first = seen.get(column);
    if (first !== undefined) refuse(pointer, 'column_repeated', `the column ${column} is ${first} already`);
    seen.set(column, pointer);
  }
  const format = compileTimeFormat(time.format);
  const wide = 'first_column' in quantity;
  if (isFault(format)) refuse('/time/format', format.code, format.detail);
  else {
    if (format.has_offset && time.zone !== undefined && !wide)
      refuse('/time/zone', 'time_zone_needless', 'the format says the offset of each time; leave the zone out');
    if (!format.has_offset && time.zone === undefined)
      refuse('/time/zone', 'time_zone_missing', 'the format has no offset (Z), so the zone must be named');
    if (wide && (format.has_clock || format.has_offset))
      refuse('/time/format', 'time_format_invalid', 'a row of one column per interval has a date, and no clock time');
    if (!wide && !format.has_clock && mapping.interval_minutes < 1440)
      refuse('/time/format', 'time_format_incomplete', 'intervals shorter than a day need hours and minutes');
  }
  if (1440 % mapping.interval_minutes !== 0)
    refuse('/interval_minutes', 'interval_uneven', 'a day does not divide into intervals of this length');
  if (wide) {
    const whole = 1440 / mapping.interval_minutes;
    // Two hours at the most: no zone has set its clocks back further.
    const most = quantity.counts === 'clock' ? whole : whole + 120 / mapping.interval_minutes;
    if (quantity.columns < whole || quantity.columns > most)
      refuse('/quantity/columns', 'columns_mismatched', `${mapping.interval_minutes} minutes make ${whole} columns a day`);
    if (time.marks === 'end') refuse('/time/marks', 'marks_needless', 'a row of one column per interval names its day');
  }
  if ('map' in quality && Object.keys(quality.map).length === 0 && quality.otherwise === undefined)
    refuse('/quality/map', 'quality_map_empty', 'name at least one quality, or what the others are');
  return found;
}

function columnsOf(mapping: CsvMappingDefinition): { pointer: string; column: Column }[] {
  const from = (pointer: string, source: From | undefined) =>
    source !== undefined && 'column' in source ? [{ pointer: `${pointer}/column`, column: source.column }] : [];
  const { quantity, quality } = mapping;
  return [
    ...from('/meter', mapping.meter),
    ...from('/register', mapping.register),
    ...from('/org', mapping.org),
    ...from('/unit', mapping.unit),
    ...mapping.time.columns.map((column, at) => ({ pointer: `/time/columns/${at}`, column })),
    'column' in quantity
      ? { pointer: '/quantity/column', column: quantity.column }
      : { pointer: '/quantity/first_column', column: quantity.first_column },
    ...('column' in quality ? [{ pointer: '/quality/column', column: quality.column }] : []),
  ];
}
