import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { lastReading, meterById, type Stretch, siteById } from '../api/meters.ts';
import { orgById } from '../api/orgs.ts';
import type { Meter, Reading, Register, Site } from '../api/types.ts';
import { MeterChart } from '../features/metering/meter-chart.tsx';
import { everyText, MeterGaps } from '../features/metering/meter-gaps.tsx';
import { MeterReadings } from '../features/metering/meter-readings.tsx';
import { ReadDialog } from '../features/metering/read-dialog.tsx';
import { ReplaceDialog } from '../features/metering/replace-dialog.tsx';
import { useMay } from '../features/session/may.ts';
import { Button } from '../ui/button.tsx';
import { cx } from '../ui/cx.ts';
import { addDays, dateIn, formatDateIn, formatMoment, momentOf, today } from '../ui/dates.ts';
import { TextField } from '../ui/field.tsx';
import { formatDecimal } from '../ui/format.ts';
import { Hash } from '../ui/hash.tsx';
import { Card, Facts, Page } from '../ui/page.tsx';
import { Empty, HeadingSkeleton, ProblemBox, Skeleton } from '../ui/state.tsx';

/** One meter: what it used, where readings are missing, what it showed, what hangs there. */
export function MeterPage() {
  const { meter_id } = useParams({ from: '/signed/meters/$meter_id' });
  const search = useSearch({ from: '/signed/meters/$meter_id' });
  const meter = useQuery(meterById(meter_id));
  const site = useQuery({ ...siteById(meter.data?.site_id ?? ''), enabled: meter.data !== undefined });
  const register = meter.data?.registers.find((one) => one.register === search.register) ?? meter.data?.registers[0];
  return (
    <Page
      title={meter.data ? `Meter ${meter.data.identifier}` : 'Meter'}
      heading={meter.data ? meter.data.identifier : <HeadingSkeleton title="Meter" />}
      lead={site.data && meter.data ? placeOf(meter.data, site.data) : undefined}
      trail={
        <Link to="/meters" search={{}}>
          Meters
        </Link>
      }
      actions={meter.data && register ? <Actions meter={meter.data} register={register} /> : null}
    >
      {meter.error ? (
        <ProblemBox error={meter.error} onRetry={meter.refetch} />
      ) : site.error ? (
        <ProblemBox error={site.error} onRetry={site.refetch} />
      ) : !meter.data || !site.data ? (
        <Skeleton className="h-80 w-full rounded-xl" />
      ) : (
        <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_18rem]">
          {register ? (
            <Shown key={register.register} meter={meter.data} register={register} site={site.data} />
          ) : (
            <Card>
              <Empty title="No registers yet">The first file that names one makes it.</Empty>
            </Card>
          )}
          <About meter={meter.data} site={site.data} />
        </div>
      )}
    </Page>
  );
}

/** A site that a file made is called as its meter; that is no place to name. */
function placeOf({ identifier }: Meter, { name, address }: Site): string | undefined {
  return [name === identifier ? null : name, address].filter(Boolean).join(', ') || undefined;
}

function Actions({ meter, register }: { meter: Meter; register: Register }) {
  const may_write = useMay('usage:write');
  const [open, setOpen] = useState<'read' | 'replace' | null>(null);
  if (!may_write) return null;
  const close = () => setOpen(null);
  return (
    <>
      {meter.registers.some((one) => one.kind === 'cumulative') ? (
        <Button onClick={() => setOpen('replace')}>Replace the device</Button>
      ) : null}
      <Button look="primary" onClick={() => setOpen('read')}>
        Enter a reading
      </Button>
      <ReadDialog meter={meter} register={register} open={open === 'read'} onClose={close} />
      <ReplaceDialog meter={meter} open={open === 'replace'} onClose={close} />
    </>
  );
}

interface ShownProps {
  meter: Meter;
  register: Register;
  site: Site;
}

/** Everything about one register, in the time that the address says, or up to its last reading. */
function Shown({ meter, register, site }: ShownProps) {
  const last = useQuery(lastReading(meter.meter_id, register.register));
  if (last.error) return <ProblemBox error={last.error} onRetry={last.refetch} />;
  if (last.isPending) return <Skeleton className="h-80 w-full rounded-xl" />;
  return <InTime meter={meter} register={register} site={site} last={last.data} />;
}

function InTime({ meter, register, site, last }: ShownProps & { last: Reading | null }) {
  const search = useSearch({ from: '/signed/meters/$meter_id' });
  const navigate = useNavigate({ from: '/meters/$meter_id' });
  const ask = (change: { register?: string; from?: string; to?: string }) =>
    navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const end = addDays(last ? dateIn(last.time, site.time_zone) : today(), 1);
  const to = search.to ?? end;
  const from = search.from ?? addDays(to, register.kind === 'interval' ? -31 : -366);
  const reversed = from >= to;
  const stretch: Stretch = { register: register.register, from: momentOf(from), to: momentOf(to) };
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <Card>
        <div className="mb-4 flex flex-wrap items-end justify-between gap-3">
          <RegisterTabs meter={meter} shown={register} onPick={(name) => ask({ register: name })} />
          <form aria-label="Time shown" onSubmit={(event) => event.preventDefault()} className="flex items-end gap-2">
            <TextField
              label="From"
              type="date"
              value={from}
              onChange={(event) => event.target.value && ask({ from: event.target.value })}
            />
            <TextField
              label="Until, not included"
              type="date"
              value={to}
              error={reversed ? 'Must be after the start.' : undefined}
              onChange={(event) => event.target.value && ask({ to: event.target.value })}
            />
          </form>
        </div>
        {reversed ? null : <MeterChart meter_id={meter.meter_id} register={register} zone={site.time_zone} stretch={stretch} />}
      </Card>
      {reversed ? null : <MeterGaps meter_id={meter.meter_id} register={register} stretch={stretch} />}
      <MeterReadings meter_id={meter.meter_id} register={register} />
    </div>
  );
}

function RegisterTabs({ meter, shown, onPick }: { meter: Meter; shown: Register; onPick: (register: string) => void }) {
  return (
    <fieldset className="flex flex-wrap gap-2">
      <legend className="sr-only">Register</legend>
      {meter.registers.map((one) => {
        const on = one.register === shown.register;
        return (
          <button
            key={one.register}
            type="button"
            aria-pressed={on}
            onClick={() => onPick(one.register)}
            className={cx(
              'rounded-lg border px-3 py-1.5 text-left',
              on ? 'border-accent bg-accent-soft' : 'border-line hover:bg-sunken',
            )}
          >
            <span className={cx('block font-mono text-xs', on ? 'text-accent' : 'text-ink-3')}>{one.register}</span>
            <span className="block font-medium">{one.sku}</span>
          </button>
        );
      })}
    </fieldset>
  );
}

function About({ meter, site }: { meter: Meter; site: Site }) {
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <Card title="Registers">
        <ul className="flex flex-col gap-4">
          {meter.registers.map((one) => (
            <li key={one.register}>
              <h3 className="mb-1.5 font-mono text-xs font-medium">{one.register}</h3>
              <Facts facts={factsOf(one)} />
            </li>
          ))}
        </ul>
      </Card>
      {meter.devices.length > 0 ? (
        <Card title="Devices">
          <ul className="flex flex-col gap-2">
            {meter.devices.map((device) => (
              <li key={`${device.installed_at} ${device.register}`} className="tabular">
                <span className="font-medium">{device.serial ?? 'Without a serial number'}</span>{' '}
                <span className="text-ink-3">
                  {meter.registers.length > 1 ? `register ${device.register}, ` : ''}since {formatMoment(device.installed_at)}
                </span>
              </li>
            ))}
          </ul>
        </Card>
      ) : null}
      <Card title="About">
        <Facts
          facts={[
            ['Site', site.name],
            ['Time zone', site.time_zone],
            ['Occupied by', site.org_id ? <Occupant key="occupant" org_id={site.org_id} /> : 'Nobody'],
            ['Since', formatDateIn(meter.created_at, site.time_zone)],
            ['Id', <Hash key="id" value={meter.meter_id} label="Meter id" />],
          ]}
        />
      </Card>
    </div>
  );
}

function factsOf(register: Register): [string, string][] {
  const facts: [string, string][] = [
    ['SKU', register.sku],
    ['Unit', register.unit],
    ['Direction', register.direction === 'import' ? 'Taken' : 'Given back'],
    ['Kind', register.kind === 'interval' ? 'Intervals' : 'Counter'],
  ];
  if (register.every_minutes !== null) facts.push(['Expected', `one in ${everyText(register.every_minutes)}`]);
  if (register.digits !== null) facts.push(['Digits', String(register.digits)]);
  if (register.multiplier !== '1') facts.push(['Multiplier', `× ${formatDecimal(register.multiplier)}`]);
  return facts;
}

function Occupant({ org_id }: { org_id: string }) {
  const org = useQuery(orgById(org_id));
  return (
    <Link
      to="/organizations/$org_id"
      params={{ org_id }}
      className="rounded-sm underline decoration-line-strong underline-offset-2 hover:decoration-current"
    >
      {org.data?.legal_name ?? 'An organization'}
    </Link>
  );
}
