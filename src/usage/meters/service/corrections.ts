import type { Postgres } from '../../../platform/postgres.ts';
import type { CorrectionItem } from '../../metering/model/corrections.ts';
import { correctEvents } from '../../metering/service/corrections.ts';
import type { Corrections } from './tell-usage.ts';

/** Metering's own corrections, one at a time, as readings need them. */
export function meteringCorrections({ postgres }: { postgres: Postgres }): Corrections {
  const correct = async ({ tenant_id, now }: { tenant_id: string; now: Temporal.Instant }, item: CorrectionItem) => {
    const scope = { tenant_id, now, actor: { kind: 'system', id: 'meters' } } as const;
    const { rejected } = await postgres.transact(scope, (tx) => correctEvents(postgres, tx, [item], null));
    const code = rejected[0]?.code ?? null;
    return code === 'event_not_found' ? 'unknown' : code;
  };
  return {
    amend: (scope, { request_id: amends, event, reason }) => {
      const { source = 'meter', request_id, ...changes } = event;
      return correct(scope, { amends, reason, source, request_id, ...changes });
    },
    void: (scope, { request_id: voids, reason }) => correct(scope, { voids, reason, source: 'meter' }),
  };
}
