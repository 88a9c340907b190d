import { z } from 'zod';
import { decimalText } from '../kernel/decimal.ts';

const decimalPattern = /^-?\d{1,26}(\.\d{1,12})?$/;

/** A UUID in lower case. */
export const Id = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, 'must be a UUID in lower case');

/** Decimal text with at most 26 digits before the point and 12 after; comes out in its shortest form. A safe JSON number is taken as its text. */
export const Decimal = z
  .union([z.string(), z.number()])
  .transform((value) => decimalText(value) ?? 'not exact')
  .refine(
    (text) => decimalPattern.test(text),
    'must be a decimal with at most 26 digits before the point and 12 after it, without exponent',
  )
  .transform(shortestDecimal);

/** A decimal as answers carry it. */
export const DecimalText = z.string().meta({ description: 'decimal text' });

/** RFC 3339 with an offset, between 2000 and 2100; comes out in UTC. */
export const Instant = z.string().transform((text, context) => {
  const instant = parseInstant(text);
  if (instant) return instant;
  context.addIssue({ code: 'custom', message: 'must be an RFC 3339 time with an offset, between 2000 and 2100' });
  return z.NEVER;
});

/** A calendar date that exists, between 2000 and 2100. */
export const LocalDate = z.string().refine((text) => {
  if (!/^20\d\d-\d\d-\d\d$/.test(text)) return false;
  try {
    Temporal.PlainDate.from(text, { overflow: 'reject' });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}, 'must be a date YYYY-MM-DD that exists');

export const Currency = z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code');

export const Amount = z.object({ amount: DecimalText, currency: z.string() });

/** An IANA time zone that the runtime knows. */
export const TimeZone = z.string().max(64).refine(isTimeZone, 'must be an IANA time zone that is known here');

/** Text without control characters (NUL above all, which PostgreSQL cannot store). */
export const Text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
    .regex(/^[^\u0000-\u001f\u007f]*$/u, 'must not hold control characters')
    .refine((text) => text.isWellFormed(), 'must be well-formed Unicode');

export const PageQuery = {
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.string().max(2000).optional(),
};

export const page = <Item extends z.ZodType>(item: Item) => z.object({ data: z.array(item), next_cursor: z.string().nullable() });

/** RFC 9457, as every failure answers. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string().optional(),
  instance: z.string(),
  code: z.string(),
  http_request_id: z.string(),
  errors: z.array(z.object({ pointer: z.string(), code: z.string(), detail: z.string() })).optional(),
});
export type Problem = z.infer<typeof Problem>;

/** '007.500' → '7.5'; '-0' → '0'. */
export function shortestDecimal(text: string): string {
  const negative = text.startsWith('-');
  const [whole = '0', fraction = ''] = (negative ? text.slice(1) : text).split('.');
  const digits = whole.replace(/^0+(?=\d)/, '');
  const rest = fraction.replace(/0+$/, '');
  const shortest = rest === '' ? digits : `${digits}.${rest}`;
  return negative && shortest !== '0' ? `-${shortest}` : shortest;
}

function parseInstant(text: string): string | null {
  if (!/^20\d\d-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/.test(text)) return null;
  try {
    const instant = Temporal.Instant.from(text);
    return instant.round({ smallestUnit: 'microsecond', roundingMode: 'trunc' }).toString();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name)) return false;
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
