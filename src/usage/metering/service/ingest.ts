import pg from 'pg';
import type { Postgres } from '../../../platform/postgres.ts';
import { isRejection, microseconds, type ParsedEvent, parseEvent, type SoundEvent } from '../decide/event.ts';
import { parseReplayed } from '../decide/replay.ts';
import { errors } from '../errors.ts';
import type { Ingest, IngestOptions, IngestOutcome, RejectionCode } from '../model.ts';
import { createGenerations } from './generations.ts';
import { groupCommit } from './ingest-queue.ts';
import { type Batch, type Verdict, writeBatches } from './ingest-write.ts';

/** The most events that one call may bring. */
export const most_events = 10_000;

const most_queue_bytes = 128 * 1024 * 1024;

/** As measured: an index over it stays in memory, and its own are built in seconds. */
const most_generation_events = 1_000_000;

/**
 * The process's way into metering. All calls of all tenants share commits; an answer is given after the commit is on disk, and what
 * was not answered is in nobody's count, so that sending the same events again is always right.
 */
export function createIngest(
  postgres: Postgres,
  options: {
    /** Events that may wait before callers are told to come back (429). */
    queue_events: number;
    /** The same for their bytes. */
    queue_bytes?: number;
    /** About how many events a generation holds before the next is opened. */
    generation_events?: number;
    /** False: for a rehearsal, which decides everything and keeps nothing. */
    keeps?: boolean;
    /** Told what fails beside ingest; it is tried again. */
    onBackgroundError?: (error: unknown) => void;
    /** Told after each call, for the metrics. */
    observe?: (outcome: 'accepted' | 'duplicate' | 'rejected', count: number) => void;
  },
): Ingest {
  const { generation_events = most_generation_events, keeps = true, onBackgroundError } = options;
  const generations = createGenerations(postgres, {
    generation_events,
    ...(onBackgroundError ? { onError: onBackgroundError } : {}),
  });
  const queue = groupCommit<Batch, Verdict[]>({
    write: (batches) => writeBatches({ postgres, generations, keeps }, batches),
    mayBeOneCallers: (error) => error instanceof pg.DatabaseError && /^(22|23)/.test(error.code ?? ''),
    most_waiting: options.queue_events,
    most_waiting_bytes: options.queue_bytes ?? most_queue_bytes,
  });
  return {
    waiting: queue.waiting,
    async close() {
      await queue.close();
      await generations.settle();
    },
    async ingestEvents(tenant_id, events, call) {
      if (events.length === 0) throw errors.events_missing({ detail: 'Send at least one event.' });
      if (events.length > most_events)
        throw errors.events_too_many({ detail: `One request holds at most ${most_events} events.` });
      const parsed = parseAll(events, call);
      const sound = parsed.filter((each): each is SoundEvent => !isRejection(each));
      const work = { tenant_id, events: sound, now: call.now, size: sound.length, bytes: bytesOf(sound) };
      const verdicts = sound.length === 0 ? [] : await queue.submit(work);
      const outcome = summarize(parsed, verdicts);
      options.observe?.('accepted', outcome.accepted);
      options.observe?.('duplicate', outcome.duplicates);
      options.observe?.('rejected', outcome.rejected.length);
      return outcome;
    },
  };
}

/** What the texts of events take, and what the rest of an event does: measured as 1.4 KB for one with 240 characters of canonical form. */
function bytesOf(events: readonly SoundEvent[]): number {
  let bytes = 0;
  for (const { readings, properties, metadata } of events) {
    bytes += 1100 + (properties?.length ?? 0) + (metadata?.length ?? 0);
    for (const { canonical } of readings) bytes += canonical.length;
  }
  return bytes;
}

function parseAll(events: readonly unknown[], { now, org_ids, translate, replay }: IngestOptions): ParsedEvent[] {
  const latest_us = microseconds(now.add({ hours: 24 }));
  const allowed = org_ids ? new Set(org_ids) : null;
  return events.map((input, index) => {
    const read = translate ? translate(input) : { event: input };
    if ('code' in read) return { index, ...read };
    const parsed = replay ? parseReplayed(read.event, index, latest_us, replay) : parseEvent(read.event, index, latest_us);
    // An organization that the caller may not see is as unknown as one that does not exist.
    if (isRejection(parsed) || !allowed || allowed.has(parsed.org_id)) return parsed;
    return { index, request_id: parsed.request_id, code: 'org_unknown', detail: refusalDetails.org_unknown };
  });
}

/** What is said of an event that the database does not take. */
export const refusalDetails = {
  org_unknown: 'There is no such organization.',
  sku_unknown: 'There is no such SKU.',
  project_unknown: 'The organization has no such project.',
  quantity_required: 'quantity is required: the SKU does not count events.',
  quantity_negative: 'quantity is negative, which the SKU does not allow.',
  period_closed: 'The period is closed and the SKU rejects what comes late.',
  request_id_conflict: 'The request_id was used before for an event with another body.',
} as const satisfies Partial<Record<RejectionCode, string>>;

function summarize(parsed: readonly ParsedEvent[], verdicts: readonly Verdict[]): IngestOutcome {
  const outcome: IngestOutcome = { accepted: 0, duplicates: 0, rejected: [], late: [], leaves: [] };
  let next = 0;
  for (const each of parsed) {
    if (isRejection(each)) {
      outcome.rejected.push(each);
      continue;
    }
    const verdict = verdicts[next]!;
    next += 1;
    const { index, request_id } = each;
    if (verdict.outcome === 'refused') {
      outcome.rejected.push({ index, request_id, code: verdict.refusal, detail: refusalDetails[verdict.refusal] });
      continue;
    }
    outcome.leaves.push(verdict.leaf);
    if (verdict.outcome === 'duplicate') {
      outcome.duplicates += 1;
      continue;
    }
    outcome.accepted += 1;
    if (verdict.late_policy !== null) outcome.late.push({ index, request_id, late_policy: verdict.late_policy });
  }
  return outcome;
}
