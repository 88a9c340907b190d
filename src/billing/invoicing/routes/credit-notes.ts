import { z } from 'zod';
import { sealCheckpoint } from '../../../foundation/receipts/service.ts';
import type { CreditNoteDocument } from '../../../kernel/bundle.ts';
import type { Server } from '../../../platform/http.ts';
import type { Postgres } from '../../../platform/postgres.ts';
import { Id, PageQuery, Text } from '../../../platform/schemas.ts';
import { CreditNote, CreditNotePage, LinesToCredit } from '../model.ts';
import { bundleOfCreditNote } from '../service/bundle.ts';
import { creditNoteById, issueCreditNote, listCreditNotes } from '../service/credit-notes.ts';
import { renderCreditNote } from '../service/pdf.ts';
import { selectCreditNoteDocument } from '../sql/credit-notes.ts';
import { bundleDownload, pdfDownload } from './downloads.ts';

const tags = ['Credit notes'];
const params = z.object({ id: Id });

export function creditNoteRoutes(server: Server, deps: { postgres: Postgres }): void {
  server.command({
    method: 'POST',
    url: '/v1/invoices/{id}/credit-notes',
    scope: 'invoices:write',
    summary: 'Take lines of an invoice back, in part or whole',
    tags,
    params,
    body: z.strictObject({ reason: Text(500), lines: LinesToCredit }),
    response: { 201: CreditNote },
    handle: async (tx, { params, body, principal }) => {
      const request = { ...body, invoice_id: params.id, kind: 'correction' as const };
      const note = await issueCreditNote(tx, request, principal.org_ids);
      await sealCheckpoint(tx);
      return { status: 201, body: note };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/credit-notes',
    scope: 'invoices:read',
    summary: 'Credit notes, newest number first',
    tags,
    querystring: z.strictObject({ ...PageQuery, org_id: Id.optional(), invoice_id: Id.optional() }),
    response: { 200: CreditNotePage },
    handle: async (db, { query, principal }) => ({
      status: 200,
      body: await listCreditNotes(db, { ...query, org_ids: principal.org_ids }),
    }),
  });
  server.query({
    method: 'GET',
    url: '/v1/credit-notes/{id}',
    scope: 'invoices:read',
    summary: 'A credit note with its lines',
    tags,
    params,
    response: { 200: CreditNote },
    handle: async (db, { params, principal }) => ({ status: 200, body: await creditNoteById(db, params.id, principal.org_ids) }),
  });
  pdfDownload(server, deps, {
    url: '/v1/credit-notes/{id}.pdf',
    summary: 'The credit note as PDF',
    tags,
    read: async (db, id, org_ids) => {
      const note = await creditNoteById(db, id, org_ids);
      return { number: note.number, note, document: (await selectCreditNoteDocument(db, id)) as CreditNoteDocument };
    },
    render: ({ note, document }) => renderCreditNote(note, document),
  });
  bundleDownload(server, deps, {
    url: '/v1/credit-notes/{id}/bundle',
    summary: 'All that is needed to verify the credit note offline',
    tags,
    read: bundleOfCreditNote,
    numberOf: (bundle) => bundle.credit_note.number,
  });
}
