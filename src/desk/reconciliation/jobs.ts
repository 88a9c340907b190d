import { CodedError } from '../../kernel/errors.ts';
import type { JobContext, JobDefinition } from '../../platform/jobs.ts';
import type { ReplayMetrics } from './service/metrics.ts';
import { executeReplay, failReplay, replay_job } from './service/replays.ts';
import { executeVerification, failVerification, verification_job } from './service/verifications.ts';

/** A replay at a low rate would keep a worker for hours: it makes room after this long, and queues itself anew. */
const slice_ms = 5000;

/** `metrics` null counts nothing. */
export function jobs(metrics: ReplayMetrics | null): readonly JobDefinition[] {
  return [
    {
      name: verification_job,
      run: (payload, context) => {
        const named = { tenant_id: payload.tenant_id!, verification_id: payload.verification_id! };
        return endedIfLast(
          context,
          () => executeVerification({ ...context, observe: tellVerified(metrics) }, named),
          (problem) => failVerification(context, named, problem),
        );
      },
    },
    {
      name: replay_job,
      run: (payload, context) => {
        const named = { tenant_id: payload.tenant_id!, replay_id: payload.replay_id! };
        return endedIfLast(
          context,
          () => executeReplay({ ...context, slice_ms, observe: (sent) => metrics?.replayed_events.inc(sent) }, named),
          (problem) => failReplay(context, named, problem),
        );
      },
    },
  ];
}

function tellVerified(metrics: ReplayMetrics | null) {
  return ({ invoices, differences }: { invoices: number; differences: number }) => {
    metrics?.verified_invoices.inc(invoices);
    metrics?.differences.inc(differences);
  };
}

/** What fails is tried again, and put on record as failed when nobody will. */
async function endedIfLast(
  { last_attempt }: JobContext,
  execute: () => Promise<unknown>,
  fail: (problem: { code: string; detail: string }) => Promise<void>,
): Promise<void> {
  try {
    await execute();
  } catch (error) {
    const detail = 'It could not be brought to its end and is not tried again. The log says why.';
    const problem =
      error instanceof CodedError ? { code: error.code, detail: error.message } : { code: 'internal_error', detail };
    if (last_attempt) await fail(problem);
    throw error;
  }
}
