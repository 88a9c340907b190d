import { type RawBuilder, sql } from 'kysely';
import { textArray } from './arrays.ts';

/** The events of the table, and archived ones beside them as their lines have them. */
export function eventsAnd(lines: readonly string[]): RawBuilder<unknown> {
  if (lines.length === 0) return sql`metering_event`;
  return sql`(SELECT * FROM metering_event UNION ALL
              SELECT row.* FROM unnest(${textArray(lines)}::text[]) AS line CROSS JOIN LATERAL jsonb_populate_record(NULL::metering_event, line::jsonb) AS row)`;
}
