import { describe, expect, it } from 'vitest';
import { SampleLog, sampleCharges, sampleEvents, sampleInvoice, sampleKey } from '../../test/support/sample-bundle.ts';
import { buildBundle, bundleDay, lineUsage } from './bundle.ts';
import { compareEvents, dayRoot, lineRoot, usageLeaf } from './proof.ts';

describe('buildBundle', () => {
  const charges = sampleCharges();
  const invoice = sampleInvoice(charges.map(({ line }) => line));
  const log = new SampleLog(sampleKey());
  log.append(invoice.invoice_id, invoice);
  const proof = log.proof(1);
  const parts = charges.map((each) => each.parts);

  it('gives the same bundle whatever order rows come in', () => {
    const shuffled = [...parts]
      .reverse()
      .map((each) => ({ ...each, days: [...each.days].reverse().map((day) => ({ ...day, events: [...day.events].reverse() })) }));
    expect(buildBundle({ invoice, charges: shuffled, proof })).toEqual(buildBundle({ invoice, charges: parts, proof }));
  });

  it('leaves out what rows say as null', () => {
    const rows = parts.map((each) => ({
      ...each,
      days: each.days.map((day) => ({
        ...day,
        events: day.events.map(({ event, salt }) => ({
          event: { amount: null, project_id: null, properties: null, metadata: null, ...event },
          salt,
        })),
      })),
    }));
    expect(buildBundle({ invoice, charges: rows, proof })).toEqual(buildBundle({ invoice, charges: parts, proof }));
  });

  it('refuses to leave out the charge of a line', () => {
    expect(() => buildBundle({ invoice, charges: parts.slice(1), proof })).toThrow(RangeError);
  });
});

describe('the usage of a line', () => {
  it('stands over day leaves over event leaves', () => {
    const events = sampleEvents().slice(0, 5);
    const day = bundleDay({ day: '2026-02-01', sum: '1', events: [...events].reverse() });
    const leaves = [...events]
      .sort((a, b) => compareEvents(a.event, b.event))
      .map(({ event, salt }) => usageLeaf(event, Buffer.from(salt, 'base64url')));
    expect(day.root).toBe(dayRoot(leaves).toString('hex'));
    expect(lineUsage([day], '1')).toEqual({ root: lineRoot([day]).toString('hex'), count: 5, sum: '1' });
  });
});
