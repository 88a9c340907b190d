import type { JobDefinition } from '../../platform/jobs.ts';
import { archiveEvents, openEventMonths } from './service/archive.ts';

/** Opens the months to come, each night, and archives those that are older than the server keeps; none where it keeps all. */
export function jobs({ retention_months }: { retention_months: number | null }): JobDefinition[] {
  const open: JobDefinition = {
    name: 'events.months',
    cron: '10 1 * * *',
    async run(_payload, { postgres, log }) {
      const opened = await openEventMonths(postgres);
      if (opened > 0) log.info({ opened }, 'months of the outbox were opened');
    },
  };
  if (retention_months === null) return [open];
  const archive: JobDefinition = {
    name: 'events.archive',
    cron: '40 2 * * *',
    async run(_payload, { postgres, clock, log, signal }) {
      const this_month = clock.now().toZonedDateTimeISO('UTC').toPlainDate().toPlainYearMonth();
      const done = await archiveEvents(postgres, { before: `${this_month.subtract({ months: retention_months })}`, signal });
      for (const { month, document, unrouted } of done) {
        if (document !== null) log.info({ month, document }, 'events were archived');
        else log.warn({ month, unrouted }, 'a month of events stays, for some are not routed');
      }
    },
  };
  return [open, archive];
}
