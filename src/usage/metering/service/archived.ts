import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { localDate } from '../../../kernel/period.ts';
import { DocumentError, documents } from '../../../platform/documents.ts';
import type { Db } from '../../../platform/postgres.ts';
import { type Piece, pieceOfDay } from '../decide/take.ts';
import { errors } from '../errors.ts';
import { type ArchivedBlock, hasArchived, selectArchivedBlocks, selectArchivedPieces } from '../sql/archive.ts';
import type { Question } from '../sql/take.ts';

/**
 * Cuts pieces into questions that can be answered with what is archived beside them: all at once where nothing is, the takes with archived events
 * one by one, and those with many of them day by day, so that never more are in memory. The days of a take come in order, each in one question.
 */
export async function* questionsOf(db: Db, pieces: readonly Piece[]): AsyncGenerator<Question> {
  const places = await selectArchivedPieces(db, pieces);
  const takes = new Set(places.map((n) => pieces[n - 1]!.take));
  const live = pieces.filter((piece) => !takes.has(piece.take));
  if (live.length > 0) yield { pieces: live, archived: [] };
  for (const take of takes) {
    const mine = pieces.filter((piece) => piece.take === take);
    const blocks = await selectArchivedBlocks(db, mine);
    if (blocks.reduce((sum, block) => sum + block.events, 0) <= most_events) {
      yield { pieces: mine, archived: await linesOf(blocks, mine) };
      continue;
    }
    for (const day of daysOf(mine)) {
      const parts = mine.filter((piece) => daysOf([piece]).includes(day)).map((piece) => pieceOfDay(piece, day));
      yield { pieces: parts, archived: await archivedLines(db, parts) };
    }
  }
}

/** The archived events that may be of these pieces, a line of JSON each. Throws `usage_archive_unreadable`. */
export async function archivedLines(db: Db, pieces: readonly Piece[]): Promise<string[]> {
  return linesOf(await selectArchivedBlocks(db, pieces), pieces);
}

const most_events = 50_000;

async function linesOf(blocks: readonly ArchivedBlock[], pieces: readonly Piece[]): Promise<string[]> {
  const wanted = new Set(pieces.map(({ org_id, sku }) => `${org_id} ${sku}`));
  const lines: string[] = [];
  for (const { document, at, bytes, sha256 } of blocks) {
    const block = await documents().read(document, { at, bytes }).catch(unreadable);
    if (!createHash('sha256').update(block).digest().equals(sha256))
      throw unreadable(new DocumentError(`${document} was changed.`));
    for (const line of gunzipSync(block).toString().trimEnd().split('\n')) {
      const { org_id, sku } = JSON.parse(line) as { org_id: string; sku: string };
      if (wanted.has(`${org_id} ${sku}`)) lines.push(line);
    }
  }
  return lines;
}

/**
 * Throws `usage_archived` where usage of these organizations (null: of all) in `[from, to)` is archived: for questions that only events can
 * answer, and not those of a take.
 */
export async function requireUnarchived(
  db: Db,
  range: { org_ids: readonly string[] | null; from: string; to: string },
): Promise<void> {
  if (await hasArchived(db, range)) throw archivedRange();
}

export function archivedRange() {
  return errors.usage_archived({ detail: 'Events of this time are archived: ask by whole days or months, or for a later time.' });
}

function daysOf(pieces: readonly Piece[]): string[] {
  const days = new Set<string>();
  for (const { from, to, time_zone } of pieces) {
    const last = localDate(Temporal.Instant.from(to).subtract({ nanoseconds: 1 }), time_zone);
    let day = localDate(Temporal.Instant.from(from), time_zone);
    for (; Temporal.PlainDate.compare(day, last) <= 0; day = day.add({ days: 1 })) days.add(`${day}`);
  }
  return [...days].sort();
}

function unreadable(error: unknown): never {
  if (!(error instanceof DocumentError)) throw error;
  throw errors.usage_archive_unreadable({
    detail: 'A document with archived usage is missing or was changed.',
    internal: { why: error.message },
  });
}
