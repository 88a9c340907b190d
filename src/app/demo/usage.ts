import type { DemoCustomer } from './business.ts';

/** A seeded generator (mulberry32): the demo is the same business every time. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * A NEM12 file of one meter over `[from, to)`: half-hour intervals of what was taken (E1), and of what a solar roof gave back
 * (B1). Mornings and evenings are busy, the roof follows the sun and the clouds.
 */
export function nem12File(customer: DemoCustomer, from: Temporal.PlainDate, to: Temporal.PlainDate): string {
  const energy = customer.energy!;
  const random = seeded(hashOf(`${customer.slug} ${from}`));
  const lines = [`100,NEM12,${stampDay(to)}0615,DEMO,RETAIL`];
  const registers = energy.solar_kw > 0 ? ['E1', 'B1'] : ['E1'];
  const sky = new Map<string, number>();
  for (const register of registers) {
    lines.push(`200,${energy.meter},${registers.join('')},${register},${register},N1,DM${energy.meter.slice(-4)},kWh,30,`);
    for (let day = from; Temporal.PlainDate.compare(day, to) < 0; day = day.add({ days: 1 })) {
      const clear = sky.get(`${day}`) ?? 0.35 + 0.65 * random();
      sky.set(`${day}`, clear);
      const values = Array.from({ length: 48 }, (_, slot) => interval(register, slot, energy, clear, random).toFixed(3));
      lines.push(`300,${stampDay(day)},${values.join(',')},A,,,${stamp(day.add({ days: 1 }))},`);
    }
  }
  lines.push('900');
  return `${lines.join('\n')}\n`;
}

function interval(
  register: string,
  slot: number,
  energy: { daily_kwh: number; solar_kw: number },
  clear: number,
  random: () => number,
): number {
  const hour = slot / 2;
  const sun = hour > 6 && hour < 19 ? Math.sin(((hour - 6) / 13) * Math.PI) : 0;
  const roof = energy.solar_kw * sun * clear * 0.5;
  const habit = 0.35 + 1.1 * bump(hour, 7.5, 1.6) + 1.7 * bump(hour, 19, 2.4);
  const load = (energy.daily_kwh / 34) * habit * (0.8 + 0.4 * random());
  return register === 'E1' ? Math.max(0, load - roof) : Math.max(0, roof - load);
}

function bump(hour: number, centre: number, width: number): number {
  return Math.exp(-((hour - centre) ** 2) / (2 * width ** 2));
}

export interface DemoEvent {
  request_id: string;
  sku: string;
  quantity?: string;
  time: string;
  org_id: string;
  source: 'form_submit' | 'backend';
  properties?: Record<string, string>;
}

/** What the forms of a customer did in `[from, to)`: leads on busy and quiet days, and all that each lead sets off. */
export function formEvents(
  customer: DemoCustomer,
  org_id: string,
  from: Temporal.PlainDate,
  to: Temporal.PlainDate,
): DemoEvent[] {
  const random = seeded(hashOf(`${customer.slug} ${from}`));
  const events: DemoEvent[] = [];
  const rich = customer.plan === 'Growth';
  for (let day = from; Temporal.PlainDate.compare(day, to) < 0; day = day.add({ days: 1 })) {
    const weekend = day.dayOfWeek > 5 ? 0.45 : 1;
    const leads = Math.round(customer.leads! * weekend * (0.7 + 0.6 * random()));
    const at = (name: string, offset: number) => `${customer.slug}/${day}/${name}/${offset}`;
    const time = (hour: number) =>
      day
        .toZonedDateTime({ timeZone: 'Australia/Sydney', plainTime: Temporal.PlainTime.from({ hour }) })
        .toInstant()
        .toString();
    for (let lead = 0; lead < leads; lead += 1) {
      const hour = 7 + Math.floor(random() * 14);
      const form = ['enquiry', 'registration', 'quote'][Math.floor(random() * 3)]!;
      events.push({
        request_id: at('lead', lead),
        sku: 'form-submission',
        time: time(hour),
        org_id,
        source: 'form_submit',
        properties: { form },
      });
    }
    const backend = (sku: string, quantity: number, hour: number) =>
      events.push({ request_id: at(sku, hour), sku, quantity: String(quantity), time: time(hour), org_id, source: 'backend' });
    backend('email-validation', leads, 21);
    backend('email-send', Math.round(leads * (2.2 + random())), 22);
    backend('sms-send', Math.round(leads * 0.3 * random()), 20);
    if (rich) backend('funnel-analytics', Math.round(leads * 38 * (0.8 + 0.4 * random())), 23);
    if (rich) backend('form-hosting', 3 + Math.floor(random() * 3), 1);
  }
  return events;
}

function hashOf(text: string): number {
  let hash = 2166136261;
  for (const character of text) hash = Math.imul(hash ^ character.charCodeAt(0), 16777619);
  return hash >>> 0;
}

function stampDay(day: Temporal.PlainDate): string {
  return day.toString().replaceAll('-', '');
}

function stamp(day: Temporal.PlainDate): string {
  return `${stampDay(day)}061500`;
}
