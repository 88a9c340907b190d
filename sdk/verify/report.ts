/** One thing that the verifier has to say, and where in the bundle (JSON pointer), the acknowledgements or the checkpoints it is. */
export interface Finding {
  where: string;
  code: string;
  detail: string;
  /** `fault`: not consistent. `signer`: not authenticated. `note`: worth knowing, and no fault. */
  weight: 'fault' | 'signer' | 'note';
}

export interface Report {
  /** The checkpoint was signed by a key that the reader trusts. */
  authenticated: boolean;
  /** Everything in the bundle fits together and the arithmetic comes out the same. */
  consistent: boolean;
  findings: Finding[];
  summary: Summary;
}

export interface Summary {
  document?: 'invoice' | 'credit_note';
  tenant_id?: string;
  invoice_id?: string;
  credit_note_id?: string;
  /** The number of the invoice that a credit note corrects. */
  corrects?: string;
  number?: string;
  total?: string;
  currency?: string;
  issued_at?: string;
  lines?: number;
  usage_lines?: number;
  days?: number;
  events?: number;
  /** Place of the receipt in its log, and how long the log was when it was signed. */
  receipt_seq?: number;
  log_size?: number;
  signed_at?: string;
  /** RFC 7638 thumbprint of the signing key: base64url as in the JWKS, and hexadecimal as `--fingerprint` takes it. */
  kid?: string;
  fingerprint?: string;
  acknowledged?: number;
}

/** Collects findings; at most so many of a code, so that a broken file of a million events is still a report. */
export class Findings {
  readonly list: Finding[] = [];
  private readonly counts = new Map<string, number>();

  fault(where: string, code: string, detail: string): void {
    this.add({ where, code, detail, weight: 'fault' });
  }

  signer(where: string, code: string, detail: string): void {
    this.add({ where, code, detail, weight: 'signer' });
  }

  note(where: string, code: string, detail: string): void {
    this.add({ where, code, detail, weight: 'note' });
  }

  has(weight: Finding['weight']): boolean {
    return this.list.some((finding) => finding.weight === weight);
  }

  private add(finding: Finding): void {
    const count = (this.counts.get(finding.code) ?? 0) + 1;
    this.counts.set(finding.code, count);
    if (count <= 50) this.list.push(finding);
  }
}

/** The report as a person reads it. */
export function reportText({ authenticated, consistent, findings, summary }: Report): string {
  const title = summary.document === 'credit_note' ? 'Credit note' : 'Invoice';
  const lines = [`${title} ${summary.number ?? '(unknown)'}${summary.total ? `: ${summary.total} ${summary.currency}` : ''}`];
  const row = (name: string, text: string | undefined) => text !== undefined && lines.push(`  ${name.padEnd(12)} ${text}`);
  row('corrects', summary.corrects && `invoice ${summary.corrects}, in ${summary.lines} of its lines`);
  row('issued', summary.issued_at);
  row('issuer', summary.tenant_id && `tenant ${summary.tenant_id}`);
  row(
    'log',
    summary.log_size === undefined
      ? undefined
      : `receipt ${summary.receipt_seq} of ${summary.log_size}, signed ${summary.signed_at}`,
  );
  row('key', summary.fingerprint && `fingerprint ${summary.fingerprint}`);
  row(
    'usage',
    summary.events === undefined
      ? undefined
      : `${summary.events} events on ${summary.days} days, in ${summary.usage_lines} of ${summary.lines} lines`,
  );
  row('acks', summary.acknowledged === undefined ? undefined : `${summary.acknowledged} acknowledged events looked for`);
  const titles = { fault: 'Wrong', signer: 'Signer', note: 'Note' };
  for (const weight of ['fault', 'signer', 'note'] as const) {
    for (const finding of findings.filter((each) => each.weight === weight))
      lines.push(`${titles[weight]}: ${finding.where || '/'}: ${finding.detail} [${finding.code}]`);
  }
  lines.push(verdict(authenticated, consistent));
  return `${lines.join('\n')}\n`;
}

function verdict(authenticated: boolean, consistent: boolean): string {
  if (consistent && authenticated) return 'VERIFIED: signed by a key you trust, complete, and the arithmetic is right.';
  if (consistent) return 'CONSISTENT, SIGNER NOT AUTHENTICATED: everything fits together, but nothing shows who signed it.';
  return authenticated ? 'NOT VERIFIED: signed by a key you trust, but what is listed above is wrong.' : 'NOT VERIFIED.';
}
