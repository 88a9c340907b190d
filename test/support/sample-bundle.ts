import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import {
  type Bundle,
  buildBundle,
  bundleDay,
  type ChargeInputs,
  type ChargeParts,
  type InvoiceDocument,
  type InvoiceLineDocument,
  inputsHash,
  lineUsage,
  type PublicJwk,
  type SaltedEvent,
} from '../../src/kernel/bundle.ts';
import { canonicalJson, type JsonObject } from '../../src/kernel/canonical-json.ts';
import { add, formatDecimal, formatFixed, parseDecimal, ZERO } from '../../src/kernel/decimal.ts';
import { consistencyProof, inclusionProof, merkleRoot } from '../../src/kernel/merkle.ts';
import {
  documentHash,
  firstPrevHash,
  jwkThumbprint,
  jwsTypes,
  type ReceiptStatement,
  receiptHash,
} from '../../src/kernel/proof.ts';
import { priceCharge } from '../../src/pricing/charge.ts';

/** A key pair as the server makes them. */
export interface SampleKey {
  jwk: PublicJwk;
  key: KeyObject;
}

export function sampleKey(alg: 'PS256' | 'EdDSA' = 'PS256'): SampleKey {
  const pair = alg === 'PS256' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519');
  const bare = pair.publicKey.export({ format: 'jwk' }) as JsonObject;
  return { jwk: { ...bare, kid: jwkThumbprint(bare), alg, use: 'sig' } as unknown as PublicJwk, key: pair.privateKey };
}

export function signed(statement: JsonObject, { jwk, key }: SampleKey, typ: string): string {
  const part = (value: JsonObject) => Buffer.from(canonicalJson(value)).toString('base64url');
  const input = `${part({ alg: jwk.alg, kid: jwk.kid, typ })}.${part(statement)}`;
  const data = Buffer.from(input);
  // 6 is RSA_PKCS1_PSS_PADDING.
  const signature = jwk.kty === 'RSA' ? sign('sha256', data, { key, padding: 6, saltLength: 32 }) : sign(null, data, key);
  return `${input}.${signature.toString('base64url')}`;
}

export const sampleTenant = '01900000-0000-7000-8000-00000000000a';
export const sampleOrg = '01900000-0000-7000-8000-0000000000b1';

/** A log of receipts over payload hashes, and its checkpoints. */
export class SampleLog {
  readonly receipts: (ReceiptStatement & { hash: string })[] = [];
  private readonly key: SampleKey;

  constructor(key: SampleKey) {
    this.key = key;
  }

  append(subject_id: string, payload: JsonObject, kind = 'invoice'): ReceiptStatement & { hash: string } {
    const statement = {
      tenant_id: sampleTenant,
      seq: this.receipts.length + 1,
      kind,
      subject_id,
      payload_hash: documentHash(payload).toString('hex'),
      prev_hash: this.receipts.at(-1)?.hash ?? firstPrevHash,
      issued_at: '2026-03-01T00:00:00.25Z',
    };
    const receipt = { ...statement, hash: receiptHash(statement).toString('hex') };
    this.receipts.push(receipt);
    return receipt;
  }

  leaves(size = this.receipts.length): Buffer[] {
    return this.receipts.slice(0, size).map(({ hash }) => Buffer.from(hash, 'hex'));
  }

  checkpoint(size = this.receipts.length): string {
    const root = merkleRoot(this.leaves(size)).toString('hex');
    return signed({ log: sampleTenant, root, size, time: '2026-03-01T00:00:01Z' }, this.key, jwsTypes.checkpoint);
  }

  proof(seq: number, size = this.receipts.length) {
    const hex = (path: Buffer[]) => path.map((hash) => hash.toString('hex'));
    const path = hex(inclusionProof(this.leaves(size), seq - 1));
    const previous_path = seq === 1 ? [] : hex(inclusionProof(this.leaves(size), seq - 2));
    return {
      receipt: this.receipts[seq - 1]!,
      inclusion: { path, previous_path },
      checkpoint: this.checkpoint(size),
      jwks: { keys: [this.key.jwk] },
    };
  }

  consistency(from: number, to: number): string[] {
    return consistencyProof(this.leaves(to), from).map((hash) => hash.toString('hex'));
  }
}

export interface SampleLine {
  inputs: Partial<ChargeInputs>;
  sku?: string;
  project_id?: string;
  events?: readonly SaltedEvent[];
}

/** A line with its charge: usage summed, priced by the engine, committed to. */
export function sampleCharge(
  number: number,
  { inputs, sku, project_id, events }: SampleLine,
): { line: InvoiceLineDocument; parts: ChargeParts } {
  const line_id = `01900000-0000-7000-8000-0000000001${String(number).padStart(2, '0')}`;
  const time_zone = inputs.time_zone ?? 'UTC';
  const byDay = Map.groupBy(events ?? [], ({ event }) =>
    Temporal.Instant.from(event.time).toZonedDateTimeISO(time_zone).toPlainDate().toString(),
  );
  const days = [...byDay].sort().map(([day, each]) => ({ day, sum: sumOf(each), events: each }));
  const sum = sumOf(events ?? []);
  const full = { ...inputs, currency: 'AUD', rounding: 'half_up', quantity: inputs.quantity ?? sum } as ChargeInputs;
  const { amount, amount_exact, steps } = priceCharge(
    full,
    (events ?? []).map(({ event }) => event),
  );
  const line: InvoiceLineDocument = {
    line_id,
    org_id: sampleOrg,
    ...(sku === undefined ? {} : { sku }),
    ...(project_id === undefined ? {} : { project_id }),
    description: `Line ${number}`,
    quantity: full.quantity,
    amount,
    amount_exact,
    inputs_hash: inputsHash(full),
    steps_hash: documentHash(steps).toString('hex'),
    usage: events ? lineUsage(days.map(bundleDay), sum) : null,
  };
  return { line, parts: { line_id, inputs: full, steps, days } };
}

export function sampleInvoice(lines: readonly InvoiceLineDocument[]): InvoiceDocument {
  const total = lines.reduce((sum, { amount }) => add(sum, parseDecimal(amount)), ZERO);
  return {
    tenant_id: sampleTenant,
    invoice_id: '01900000-0000-7000-8000-0000000000c1',
    number: 'INV-000007',
    org_id: sampleOrg,
    currency: 'AUD',
    issued_at: '2026-03-01T00:00:00.25Z',
    seller: { legal_name: 'Green & Gold Energy' },
    customer: { legal_name: 'Zoë “Z” Café', tax_id: null },
    lines,
    total: formatFixed({ units: total.units * 10n ** BigInt(2 - total.scale), scale: 2 }),
  };
}

/** Thirty half-hours on three local days, two of them late, with what an event may have besides. */
export function sampleEvents(): SaltedEvent[] {
  const first = Temporal.Instant.from('2026-01-31T23:30:00+11:00');
  return Array.from({ length: 30 }, (_, at) => ({
    event: {
      request_id: `nmi/4103035209/${at}`,
      sku: 'grid.import',
      quantity: formatDecimal({ units: BigInt(125 + 7 * at), scale: 3 }),
      org_id: sampleOrg,
      time: first.add({ minutes: 90 * at }).toString(),
      source: 'meter',
      ...(at === 3 ? { metadata: { quality: 'A', reads: [1, 2.5, 1e-7], 'ключ "x"': { deep: null } } } : {}),
      ...(at === 4
        ? { properties: { register: 'E1' }, amount: '-1.25', project_id: '01900000-0000-7000-8000-0000000000d1' }
        : {}),
    },
    salt: Buffer.from(Array.from({ length: 16 }, (_, byte) => (at * 31 + byte * 17) % 256)).toString('base64url'),
  }));
}

const february = { from: '2026-01-30T13:00:00Z', to: '2026-02-28T13:00:00Z' };

/** One invoice with a graduated usage line, a line without usage, a prorated fee, and a line priced on top of what was billed before. */
export function sampleCharges(): { line: InvoiceLineDocument; parts: ChargeParts }[] {
  const graduated = {
    model: 'graduated',
    tiers: [
      { up_to: '3', unit_amount: '0.2511' },
      { up_to: null, unit_amount: '0.3' },
    ],
    included_quantity: '1.5',
  };
  return [
    sampleCharge(1, {
      sku: 'grid.import',
      events: sampleEvents(),
      inputs: {
        price: graduated,
        aggregation: 'sum',
        period: february,
        time_zone: 'Australia/Sydney',
        price_version: 3,
        partner: { pct: '12.5' },
      },
    }),
    sampleCharge(2, {
      sku: 'sms',
      events: [],
      inputs: { price: { model: 'unit', unit_amount: '0.05', minimum_amount: '2.00' }, aggregation: 'sum', period: february },
    }),
    sampleCharge(3, { inputs: { price: { model: 'flat', amount: '49.00' }, quantity: '1', proration: { days: 11, of: 28 } } }),
    sampleCharge(4, {
      sku: 'lead',
      inputs: {
        price: { model: 'unit', unit_amount: '0.001' },
        quantity: '7',
        prior: { quantity: '5', amount_exact: '0.005', amount: '0.01' },
      },
    }),
  ];
}

/** A bundle that verifies: receipt 3 of a log of 7. */
export function sampleBundle(key: SampleKey, charges = sampleCharges()): { bundle: Bundle; log: SampleLog } {
  const invoice = sampleInvoice(charges.map(({ line }) => line));
  const log = new SampleLog(key);
  for (let at = 1; at <= 7; at += 1) {
    if (at === 3) log.append(invoice.invoice_id, invoice);
    else log.append(`01900000-0000-7000-8000-00000000e00${at}`, { at });
  }
  return { bundle: buildBundle({ invoice, charges: charges.map(({ parts }) => parts), proof: log.proof(3) }), log };
}

function sumOf(events: readonly SaltedEvent[]): string {
  return formatDecimal(
    events.reduce((sum, { event }) => (event.quantity == null ? sum : add(sum, parseDecimal(event.quantity))), ZERO),
  );
}
