import { type Bundle, bundleFormat, bundleVersion, type CreditNoteBundle, creditNoteFormat } from '../../src/kernel/bundle.ts';
import type { JsonObject } from '../../src/kernel/canonical-json.ts';
import { formatDecimal, parseDecimal } from '../../src/kernel/decimal.ts';
import { isTimeZone } from '../../src/kernel/period.ts';
import type { eventMembers } from '../../src/kernel/proof.ts';
import type { Findings } from './report.ts';

/**
 * True when the value has the form that docs/bundle-format.md lays down, member by member. Outside of what a hash covers whole (the
 * invoice, a charge's inputs, an event's properties and metadata) a member that is not known is refused: nothing would vouch for it.
 */
export function hasBundleShape(value: unknown, findings: Findings): value is Bundle | CreditNoteBundle {
  const before = findings.list.length;
  const isCreditNote = (value as JsonObject | null | undefined)?.format === creditNoteFormat;
  (isCreditNote ? creditNoteBundle : bundle)(value, '', findings);
  return findings.list.length === before;
}

/** Answers what is wrong with a value, or undefined. */
type Check = (value: unknown, at: string, findings: Findings) => void;

const text = (what: string, test: (text: string) => boolean): Check => {
  return (value, at, findings) => {
    if (typeof value !== 'string' || !test(value)) findings.fault(at, 'value_invalid', `must be ${what}`);
  };
};
const matching = (what: string, pattern: RegExp): Check => text(what, (value) => pattern.test(value));

const anyText = text('text', () => true);
const hash = matching('64 lower-case hexadecimal digits', /^[0-9a-f]{64}$/);
const id = matching('a UUID in lower case', /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
const currency = matching('an ISO 4217 code', /^[A-Z]{3}$/);
const money = matching('an amount', /^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/);
const decimal = text('a decimal in its shortest form', isShortest);
const moment = text('a time in UTC, in its shortest form', isMoment);
const day = text('a day that exists, YYYY-MM-DD', isDay);
const salt = matching('16 bytes in base64url without padding', /^[A-Za-z0-9_-]{21}[AQgw]$/);
const jws = matching('a compact JWS', /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/);

const count: Check = (value, at, findings) => {
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    findings.fault(at, 'value_invalid', 'must be a whole number, not below zero');
};
const flag: Check = (value, at, findings) => {
  if (typeof value !== 'boolean') findings.fault(at, 'value_invalid', 'must be true or false');
};
const exactly = (wanted: string | number, code: string): Check => {
  return (value, at, findings) => {
    if (value !== wanted) findings.fault(at, code, `must be ${JSON.stringify(wanted)}`);
  };
};

function list(item: Check): Check {
  return (value, at, findings) => {
    if (!Array.isArray(value)) return findings.fault(at, 'value_invalid', 'must be an array');
    value.forEach((each, index) => {
      item(each, `${at}/${index}`, findings);
    });
  };
}

function object(
  required: Record<string, Check>,
  optional: Record<string, Check> = {},
  others: 'refused' | 'free' = 'refused',
): Check {
  return (value, at, findings) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return findings.fault(at, 'value_invalid', 'must be an object');
    for (const [name, member] of Object.entries(value)) {
      const inner = `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      const check = Object.hasOwn(required, name) ? required[name] : Object.hasOwn(optional, name) ? optional[name] : undefined;
      if (check) check(member, inner, findings);
      else if (others === 'refused') findings.fault(inner, 'member_unknown', 'nothing vouches for this member');
    }
    for (const name of Object.keys(required))
      if (!Object.hasOwn(value, name)) findings.fault(`${at}/${name}`, 'member_missing', 'is missing');
  };
}

const free = object({}, {}, 'free');

function orNull(check: Check): Check {
  return (value, at, findings) => {
    if (value !== null) check(value, at, findings);
  };
}

const usage = orNull(object({ root: hash, count, sum: decimal }));

const line = object(
  {
    line_id: id,
    org_id: id,
    quantity: decimal,
    amount: money,
    amount_exact: decimal,
    inputs_hash: hash,
    steps_hash: hash,
    usage,
  },
  { project_id: id, sku: anyText },
  'free',
);

const invoice = object(
  { tenant_id: id, invoice_id: id, number: anyText, org_id: id, currency, issued_at: moment, lines: list(line), total: money },
  {},
  'free',
);

const inputs = object(
  {
    currency,
    rounding: matching('half_up, half_even, up or down', /^(half_up|half_even|up|down)$/),
    price: free,
    quantity: decimal,
  },
  {
    aggregation: anyText,
    allow_negative: flag,
    period: object({ from: moment, to: moment }),
    time_zone: text('a time zone known here', isTimeZone),
    proration: object({ days: count, of: positive }),
    usage_period: object({ from: moment, to: moment }),
    by_events: flag,
    unique_by: anyText,
    opening: decimal,
    share: object({ days: count, of: positive }),
    open: flag,
    prior: object({ quantity: decimal, amount_exact: decimal, amount: money }),
    billed: object({ quantity: decimal, amount_exact: decimal, amount: money }),
    carry: object({ amount_exact: decimal, amount: money }),
  },
  'free',
);

const event = object({ org_id: id, request_id: anyText, sku: anyText, source: anyText, time: moment }, {
  amends: anyText,
  amount: decimal,
  metadata: free,
  project_id: id,
  properties: free,
  quantity: decimal,
  voids: anyText,
} satisfies Partial<Record<(typeof eventMembers)[number], Check>>);

const bundleDay = object({ day, root: hash, count, sum: decimal, events: list(object({ event, salt })) });
const charge = object({ line_id: id, inputs, steps: list(free), days: list(bundleDay) });

const receipt = object({
  tenant_id: id,
  seq: positive,
  kind: anyText,
  subject_id: id,
  payload_hash: hash,
  prev_hash: hash,
  issued_at: moment,
  hash,
});

const jwk = object({
  kty: exactly('RSA', 'value_invalid'),
  alg: exactly('PS256', 'value_invalid'),
  use: exactly('sig', 'value_invalid'),
  kid: anyText,
  n: anyText,
  e: anyText,
});

const proof = {
  version: exactly(bundleVersion, 'version_unknown'),
  receipt,
  inclusion: object({ path: list(hash), previous_path: list(hash) }),
  checkpoint: jws,
  jwks: object({ keys: list(jwk) }),
};

const bundle = object({ format: exactly(bundleFormat, 'format_unknown'), invoice, charges: list(charge), ...proof });

const creditLine = object({ line_id: id, corrects: object({ line_id: id, hash }), amount: money, left: money }, {}, 'free');

const creditNote = object(
  {
    tenant_id: id,
    credit_note_id: id,
    number: anyText,
    org_id: id,
    currency,
    issued_at: moment,
    reason: anyText,
    corrects: object({ invoice_id: id, number: anyText, hash }),
    lines: list(creditLine),
    total: money,
  },
  {},
  'free',
);

const creditNoteBundle = object({
  format: exactly(creditNoteFormat, 'format_unknown'),
  credit_note: creditNote,
  invoice,
  ...proof,
});

function positive(value: unknown, at: string, findings: Findings): void {
  if (!Number.isSafeInteger(value) || (value as number) < 1)
    findings.fault(at, 'value_invalid', 'must be a whole number above zero');
}

function isShortest(value: string): boolean {
  if (!/^-?[0-9]{1,400}(\.[0-9]{1,400})?$/.test(value)) return false;
  return formatDecimal(parseDecimal(value)) === value;
}

function isMoment(value: string): boolean {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{0,5}[1-9])?Z$/.test(value)) return false;
  try {
    return Temporal.Instant.from(value).toString() === value;
  } catch {
    return false;
  }
}

function isDay(value: string): boolean {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(value)) return false;
  try {
    return Temporal.PlainDate.from(value).toString() === value;
  } catch {
    return false;
  }
}
