import type { BundleDay, ChargeInputs, InvoiceLineDocument, SaltedEvent } from '../../src/kernel/bundle.ts';
import { add, compare, type Decimal, formatDecimal, parseDecimal, ZERO } from '../../src/kernel/decimal.ts';
import { TreeBuilder } from '../../src/kernel/merkle.ts';
import {
  canonicalEvent,
  compareEvents,
  counterEvent,
  counterEventId,
  counterPrefix,
  type DayUsage,
  leafOfText,
  lineRoot,
  type UsageEvent,
} from '../../src/kernel/proof.ts';
import { pricedByEvents, whatStands } from '../../src/pricing/metered.ts';
import type { Findings } from './report.ts';

/**
 * Goes through the usage of one line event by event, in O(log n) memory, so that the days may as well come out of a stream:
 * `day` for each day in order with its events in order, then `finish`.
 */
export class LineUsage {
  count = 0;
  private readonly at: string;
  private readonly line: InvoiceLineDocument;
  private readonly line_at: string;
  private readonly inputs: ChargeInputs;
  private readonly seen: Set<string>;
  private readonly findings: Findings;
  private readonly days: DayUsage[] = [];
  private readonly measured = new Measures();
  /** Kept where the line's price is over single events. */
  private readonly events: UsageEvent[] = [];

  /** `seen` holds the request ids of all lines: an event is billed once. */
  constructor(
    place: { at: string; line_at: string },
    line: InvoiceLineDocument,
    inputs: ChargeInputs,
    seen: Set<string>,
    findings: Findings,
  ) {
    this.at = place.at;
    this.line_at = place.line_at;
    this.line = line;
    this.inputs = inputs;
    this.seen = seen;
    this.findings = findings;
  }

  day(stated: Omit<BundleDay, 'events'>, events: Iterable<SaltedEvent>): void {
    const at = `${this.at}/days/${this.days.length}`;
    const tree = new TreeBuilder();
    let sum: Decimal = ZERO;
    let last: UsageEvent | undefined;
    for (const { event, salt } of events) {
      const event_at = `${at}/events/${tree.size}`;
      this.event(event, event_at, stated.day);
      if (last && compareEvents(last, event) >= 0)
        this.findings.fault(event_at, 'event_order', 'events are not in order of time and request id');
      last = event;
      if (event.quantity != null) sum = add(sum, parseDecimal(event.quantity));
      tree.append(leafOfText(canonicalEvent(event), salt));
      this.measured.add(event);
      if (this.inputs.by_events) this.events.push(event);
    }
    this.expect(`${at}/root`, 'day_root_wrong', stated.root, tree.root().toString('hex'));
    this.expect(`${at}/count`, 'day_count_wrong', stated.count, tree.size);
    this.expect(`${at}/sum`, 'day_sum_wrong', stated.sum, formatDecimal(sum));
    if (tree.size === 0) this.findings.fault(at, 'day_empty', 'a day without events has no place in the tree');
    const before = this.days.at(-1);
    if (before && before.day >= stated.day) this.findings.fault(`${at}/day`, 'day_order', 'days are not in order');
    this.count += tree.size;
    this.days.push({ day: stated.day, root: stated.root, count: stated.count, sum: stated.sum });
  }

  /** Holds the days against the line, and what they come to against the quantity that was priced. */
  finish(): void {
    const { usage } = this.line;
    const aggregation = this.inputs.aggregation;
    if (usage === null) {
      if (this.days.length > 0) this.findings.fault(`${this.at}/days`, 'usage_unexpected', 'the line takes no usage');
      if (aggregation !== undefined)
        this.findings.fault(`${this.line_at}/usage`, 'usage_missing', 'the inputs aggregate usage, and the line has none');
      return;
    }
    this.terms();
    for (const [counter, event] of this.measured.finish())
      this.findings.fault(
        `${this.at}/days`,
        'correction_wrong',
        `${counter.request_id} is not the opposite of ${event.request_id}, which it takes back`,
      );
    this.expect(`${this.line_at}/usage/root`, 'line_root_wrong', usage.root, lineRoot(this.days).toString('hex'));
    this.expect(`${this.line_at}/usage/count`, 'line_count_wrong', usage.count, this.count);
    this.expect(`${this.line_at}/usage/sum`, 'line_sum_wrong', usage.sum, formatDecimal(this.measured.sum));
    // The engine makes the quantity of single events itself.
    if (this.inputs.by_events) return;
    const aggregate = this.measured.aggregate(aggregation);
    if (aggregate === undefined)
      this.findings.fault(
        `${this.at}/inputs/aggregation`,
        'aggregation_unknown',
        `this verifier cannot redo the aggregation ${aggregation}`,
      );
    else this.expect(`${this.line_at}/quantity`, 'quantity_wrong', this.inputs.quantity, formatDecimal(aggregate));
  }

  /** Whether the inputs leave nothing out: neither a time of the line, nor the events that its price is over. */
  private terms(): void {
    const { period, usage_period, price, aggregation = 'sum', by_events = false } = this.inputs;
    const isAfter = (a: string, b: string) => Temporal.Instant.compare(Temporal.Instant.from(a), Temporal.Instant.from(b)) > 0;
    if (usage_period && (!period || isAfter(usage_period.from, period.from) || isAfter(period.to, usage_period.to)))
      this.findings.fault(`${this.at}/inputs/usage_period`, 'usage_period_wrong', 'does not hold the whole period of the line');
    if (by_events !== pricedByEvents(price, aggregation))
      this.findings.fault(
        `${this.at}/inputs/by_events`,
        'by_events_wrong',
        by_events ? 'the price is over one quantity' : 'the price is over single events, and one quantity was priced',
      );
  }

  /** The events that count, where the price is over single events; none elsewhere. Ask after `finish`. */
  standing(): readonly UsageEvent[] {
    return whatStands(this.events);
  }

  private event(event: UsageEvent, at: string, day: string): void {
    const { line, inputs, findings } = this;
    // What is priced anew, less what was billed, may stand on another line of the invoice too; within a line, order excludes repetition.
    if (!inputs.billed) {
      if (this.seen.has(event.request_id))
        findings.fault(`${at}/event/request_id`, 'event_repeated', `${event.request_id} is billed twice`);
      this.seen.add(event.request_id);
    }
    if (event.org_id !== line.org_id)
      findings.fault(`${at}/event/org_id`, 'event_foreign', 'belongs to another organization than the line');
    if (event.sku !== line.sku) findings.fault(`${at}/event/sku`, 'event_foreign', 'belongs to another SKU than the line');
    if (line.project_id !== undefined && event.project_id !== line.project_id)
      findings.fault(`${at}/event/project_id`, 'event_foreign', 'belongs to another project than the line');
    if (event.voids != null && event.amends != null)
      findings.fault(`${at}/event/amends`, 'correction_wrong', 'takes back one event and stands in the place of another');
    if (event.voids == null ? event.request_id.startsWith(counterPrefix) : event.request_id !== counterEventId(event.voids))
      findings.fault(`${at}/event/request_id`, 'correction_wrong', 'is not the one request id that a counter-event has');
    const moment = Temporal.Instant.from(event.time);
    if (
      moment
        .toZonedDateTimeISO(inputs.time_zone ?? 'UTC')
        .toPlainDate()
        .toString() !== day
    )
      findings.fault(`${at}/event/time`, 'event_day_wrong', `is not on ${day} in ${inputs.time_zone ?? 'UTC'}`);
    const period = inputs.usage_period ?? inputs.period;
    if (period && Temporal.Instant.compare(moment, Temporal.Instant.from(period.to)) >= 0)
      findings.fault(`${at}/event/time`, 'event_after_period', 'was used after the period of the line');
    else if (period && Temporal.Instant.compare(moment, Temporal.Instant.from(period.from)) < 0)
      findings.fault(`${at}/event/time`, 'event_before_period', 'was used before the period of the line');
  }

  private expect(at: string, code: string, stated: string | number, found: string | number): void {
    if (stated !== found) this.findings.fault(at, code, `is stated as ${stated} and comes out as ${found}`);
  }
}

/**
 * What events come to under each aggregation; events without a quantity count, and add nothing else. A counter-event subtracts what its
 * event added. For the largest, smallest and last quantity neither is there; the two share their moment, so that only one is kept at a time.
 */
class Measures {
  sum: Decimal = ZERO;
  private count = 0n;
  private max: Decimal | undefined;
  private min: Decimal | undefined;
  private latest: Decimal | undefined;
  private moment: UsageEvent[] = [];
  private readonly unlike: [counter: UsageEvent, event: UsageEvent][] = [];

  add(event: UsageEvent): void {
    this.count += event.voids == null ? 1n : -1n;
    if (event.quantity != null) this.sum = add(this.sum, parseDecimal(event.quantity));
    if (this.moment.length > 0 && this.moment[0]!.time !== event.time) this.endMoment();
    this.moment.push(event);
  }

  /** Ends the last moment; answers the counter-events that differ from what they take back. */
  finish(): readonly [counter: UsageEvent, event: UsageEvent][] {
    this.endMoment();
    return this.unlike;
  }

  aggregate(aggregation: string | undefined): Decimal | undefined {
    switch (aggregation) {
      case 'sum':
        return this.sum;
      case 'count':
        return { units: this.count, scale: 0 };
      case 'max':
        return this.max ?? ZERO;
      case 'min':
        return this.min ?? ZERO;
      case 'latest':
        return this.latest ?? ZERO;
      default:
        return undefined;
    }
  }

  private endMoment(): void {
    const counters = new Map(this.moment.flatMap((event) => (event.voids == null ? [] : [[event.voids, event] as const])));
    for (const event of this.moment) {
      const counter = counters.get(event.request_id);
      if (counter && !isOpposite(counter, event)) this.unlike.push([counter, event]);
      if (counter || event.voids != null || event.quantity == null) continue;
      const quantity = parseDecimal(event.quantity);
      if (!this.max || compare(quantity, this.max) > 0) this.max = quantity;
      if (!this.min || compare(quantity, this.min) < 0) this.min = quantity;
      this.latest = quantity;
    }
    this.moment = [];
  }
}

function isOpposite(counter: UsageEvent, event: UsageEvent): boolean {
  return event.voids == null && canonicalEvent(counter) === canonicalEvent(counterEvent(event, counter));
}
