import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isId } from '../../../kernel/id.ts';
import { clock } from '../../../platform/clock.ts';
import { failpoint } from '../../../platform/failpoint.ts';
import type { Logger } from '../../../platform/telemetry.ts';
import { afterFailure, givenUp, most_attempts } from '../decide.ts';
import { type Envelope, envelopeOf, type Subscriber } from '../model.ts';
import {
  type Batch,
  type Claimed,
  claimPending,
  claimUnrouted,
  type Settlement,
  selectKnown,
  type Wanted,
} from '../sql/relay.ts';
import { createBell, createEar } from './ear.ts';
import { createLanes } from './lanes.ts';
import type { EventMetrics } from './metrics.ts';
import {
  type ConcernedTenants,
  concerned,
  type Reaction,
  type ReactionContext,
  runReactions,
  sharedPresent,
  tenantsConcerned,
} from './react.ts';
import { createSettler, type Held } from './settle.ts';

export interface Router {
  /** Begins to work in the background. */
  start(): Promise<void>;
  /** Works until nothing is due. Works without `start` too, from the outbox alone. */
  drain(): Promise<void>;
  /** Ends what is under way, takes nothing more, and lets go of its connections. */
  stop(): Promise<void>;
}

export interface RouterOptions extends ReactionContext {
  reactionsTo(type: string): readonly Reaction[];
  log: Pick<Logger, 'warn' | 'error'>;
  metrics?: EventMetrics;
  /** From where events come; null where the outbox is all there is. */
  subscriber?: Subscriber | null;
  /** True where no dispatcher takes events to a bus: pending ones are published by being routed here. */
  takes_pending: boolean;
  /** How long to wait for a notification before looking anyway. */
  poll_ms?: number;
  /** Aggregates that are routed at the same time, and those of one tenant. */
  concurrency?: number;
  per_tenant?: number;
}

/** Events of one claim; of one tenant that are in hand before others alone are taken; and of all before nothing is. */
const most_of_claim = 512;
const most_of_tenant = 256;
const most_in_hand = 4096;
/** Well within the lease of a minute: what is not begun by then is given back, so that nobody else begins it meanwhile. */
const begin_within_ms = 30_000;
/** Messages of the bus that came before their event was marked published. More come by the outbox. */
const most_early = 20_000;

/** Where it is not known whom a reaction concerns. */
const everyTenant: ConcernedTenants = new Map();

type Key = Wanted['events'][number];

/**
 * Routes events: runs the reactions to each, once in effect, those of an aggregate in order. What comes from the bus says only where to look; what
 * is there to be done, and in which order, says the outbox. What the bus lost, or a router that died, is found there when its time has come.
 */
export function createRouter(options: RouterOptions): Router {
  const { postgres, log, metrics, subscriber = null, takes_pending, poll_ms = 2000 } = options;
  const relay = postgres.pool('relay');
  const bell = createBell();
  /** Whether to look for pending events, and for what is published and due. */
  const look = { pending: takes_pending, due: true };
  const ear = createEar(
    postgres,
    log,
    takes_pending ? ['billing_events', 'billing_events_unrouted'] : ['billing_events_published', 'billing_events_unrouted'],
    (channel) => {
      if (channel === 'billing_events') look.pending = true;
      else look.due = true;
      bell.ring();
    },
  );
  const lanes = createLanes({ concurrency: options.concurrency ?? 6, per_tenant: options.per_tenant ?? 4 });
  const settler = createSettler({
    postgres,
    stage: 'route',
    log,
    onSettled(settled) {
      if (lanes.size() > 0) failpoint('router.marked-in-part');
      for (const { outcome, age_s } of settled) {
        metrics?.events.inc({ outcome: outcome === 'unrouted' ? 'failed' : outcome });
        if (outcome === 'routed') metrics?.routed_seconds.observe(age_s);
        if (outcome === 'published') look.due = true;
      }
      // What was behind these in their aggregates, or of tenants that had enough in hand, can be claimed now.
      look.pending = takes_pending;
      look.due ||= !takes_pending || was_full;
      bell.ring();
    },
  });
  /** Came from the bus before the dispatcher had marked them. */
  const early = new Map<string, Key & { looks: number }>();
  let more: Wanted['aggregates'][number][] = [];
  let was_full = false;
  let claiming: Promise<unknown> = Promise.resolve();
  let running: Promise<void> | null = null;
  let subscription: { close(): Promise<void> } | null = null;
  let stopping = false;

  const take = () => {
    const except = lanes.full(most_of_tenant);
    was_full = except.length > 0;
    return { worker: ear.number, limit: most_of_claim, from_tenant: randomUUID(), except };
  };
  const piecesOf = piecesBy({
    ...options,
    presentOf: sharedPresent(options.nowOf),
    settler,
    isStopping: () => stopping,
    goOn: (aggregate) => {
      more.push(aggregate);
      look.due = true;
    },
    comeBack: (delay_ms) => {
      const timer = setTimeout(() => {
        look.due = true;
        bell.ring();
      }, delay_ms);
      timer.unref();
    },
  });
  const begin = async (claimed: Batch | null): Promise<number> => {
    if (!claimed) return 0;
    failpoint('router.claimed-not-routed');
    // An answer that cannot be had spares nobody a look.
    const tenants = await tenantsConcerned(postgres, claimed.events, options.reactionsTo).catch(() => everyTenant);
    for (const piece of piecesOf(claimed, tenants)) lanes.add(piece);
    return claimed.events.length;
  };
  /** One at a time, for each claim has to know what the one before left. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = claiming.then(work, work);
    claiming = turn.catch(() => undefined);
    return turn;
  };
  const claimDue = async (): Promise<number> => {
    const wanted: Wanted = { due: true, events: [...early.values()], aggregates: more };
    more = [];
    const { batch: claimed, put_off } = await claimUnrouted(relay, take(), wanted);
    if (wanted.events.length > 0) await sortOut(wanted.events, claimed);
    return (await begin(claimed)) + put_off;
  };
  /** What was asked for and not taken: unknown, not published yet, or somebody else's. */
  const sortOut = async (asked: readonly Key[], claimed: Batch | null) => {
    const taken = new Set(claimed?.events.map(keyOf));
    const left = asked.filter((key) => !taken.has(keyOf(key)));
    const known = left.length === 0 ? [] : await selectKnown(relay, left);
    const stages = new Map(known.map((each) => [keyOf(each), each.stage]));
    metrics?.unknown.inc(new Set(left.map(keyOf)).size - stages.size);
    for (const key of asked) {
      const looks = (early.get(keyOf(key))?.looks ?? 0) + 1;
      early.delete(keyOf(key));
      const stage = stages.get(keyOf(key));
      // One that is published may have become so between the two looks; a second look that finds nothing leaves it to the outbox.
      const is_early = stage === 'pending' || (stage === 'unrouted' && looks < 2);
      if (!is_early || early.size >= most_early) continue;
      early.set(keyOf(key), { ...key, looks });
      if (stage === 'unrouted') look.due = true;
    }
    bell.ring();
  };
  const receive = async (envelopes: readonly Envelope[]) => {
    failpoint('router.received-not-claimed');
    while (lanes.size() >= most_in_hand && !stopping) await sleep(20);
    if (stopping) throw new Error('this router stops');
    const asked = envelopes
      .filter(({ id, tenantid }) => isId(id) && isId(tenantid))
      .map(({ id, tenantid }) => ({ event_id: id, tenant_id: tenantid }));
    metrics?.unknown.inc(envelopes.length - asked.length);
    await ear.attend();
    await inTurn(async () => {
      const { batch: claimed } = await claimUnrouted(relay, take(), { due: false, events: asked, aggregates: [] });
      await sortOut(asked, claimed);
      await begin(claimed);
    });
    failpoint('router.claimed-not-acknowledged');
  };
  /** Takes what there is to take, and answers how much it was. */
  const work = async (): Promise<number> => {
    await ear.attend();
    let began = 0;
    if (look.pending) {
      look.pending = false;
      const claimed = await begin(await claimPending(relay, take()));
      // There may be more.
      if (claimed > 0) look.pending = true;
      began += claimed;
    }
    if (look.due) {
      look.due = false;
      const claimed = await inTurn(claimDue);
      if (claimed > 0) look.due = true;
      began += claimed;
    }
    return began;
  };
  const loop = async () => {
    let polled_ms = clock.monotonic_ms();
    while (!stopping) {
      const heard = bell.listen(poll_ms);
      if (clock.monotonic_ms() - polled_ms >= poll_ms) {
        polled_ms = clock.monotonic_ms();
        look.pending = takes_pending;
        look.due = true;
      }
      try {
        if (lanes.size() < most_in_hand && (await work()) > 0) {
          heard.cancel();
          continue;
        }
      } catch (error) {
        log.warn({ err: error }, 'the outbox cannot be read; trying again');
        await Promise.race([heard.done, sleep(200)]);
        look.pending = takes_pending;
        look.due = true;
      }
      await heard.done;
    }
  };
  const idle = async () => {
    while (lanes.size() > 0 || settler.isBusy()) {
      await settler.settled();
      await sleep(5);
    }
  };
  return {
    async start() {
      await ear.attend();
      running ??= loop();
      subscription ??= (await subscriber?.subscribe(receive)) ?? null;
    },
    async drain() {
      for (;;) {
        look.pending = takes_pending;
        look.due = true;
        const began = await work();
        await idle();
        if (began === 0 && more.length === 0) return;
      }
    },
    async stop() {
      stopping = true;
      await subscription?.close();
      bell.ring();
      await running;
      await claiming;
      await idle();
      await ear.close();
    },
  };
}

const keyOf = ({ tenant_id, event_id }: Key) => `${tenant_id} ${event_id}`;

interface Parts extends RouterOptions {
  presentOf: ReturnType<typeof sharedPresent>;
  isStopping(): boolean;
  settler: ReturnType<typeof createSettler>;
  goOn(aggregate: Wanted['aggregates'][number]): void;
  comeBack(delay_ms: number): void;
}

/** Makes of a batch one piece an aggregate. Events that nobody reacts to are settled at once, and take no place. */
function piecesBy(parts: Parts) {
  const { settler } = parts;
  return function* piecesOf({ lease_id, events }: Batch, tenants: ConcernedTenants) {
    const reactionsOf = (event: Claimed) => {
      const all = parts.reactionsTo(event.type);
      return all.length === 0 ? all : concerned(all, envelopeOf(event), tenants);
    };
    const aggregates = [...Map.groupBy(events, (event) => event.aggregate).values()];
    const held: Held = { lease_id, parts: aggregates.length };
    const claimed_ms = clock.monotonic_ms();
    for (const chain of aggregates) {
      const { aggregate, tenant_id } = chain[0]!;
      const end = () => {
        const last = chain.at(-1)!;
        settler.release(held, aggregate, () => {
          if (last.is_cut) parts.goOn(last);
        });
      };
      if (chain.every((event) => !event.is_blocked && event.attempts < most_attempts && reactionsOf(event).length === 0)) {
        for (const event of chain) settler.settle(routed(event));
        end();
        continue;
      }
      const is_late = () => parts.isStopping() || clock.monotonic_ms() - claimed_ms > begin_within_ms;
      yield {
        tenant_id,
        size: chain.length,
        run: () =>
          routeChain({ ...parts, reactionsOf, nowOf: (id) => parts.presentOf(id, claimed_ms) }, chain, is_late).finally(end),
      };
    }
  };
}

interface Routing extends Parts {
  /** Those that have something to do for the event. */
  reactionsOf(event: Claimed): readonly Reaction[];
}

/** One event of an aggregate after another, up to the first that has to wait; what is behind that one is at least published. */
async function routeChain(parts: Routing, chain: readonly Claimed[], is_late: () => boolean): Promise<void> {
  for (const [at, event] of chain.entries()) {
    if (is_late()) return;
    const settlement = event.is_blocked ? publishedOnly(event) : await routeOne(parts, event);
    parts.settler.settle(settlement);
    if (settlement.outcome === 'routed' || settlement.outcome === 'dead') continue;
    if (settlement.outcome === 'unrouted') parts.comeBack(settlement.delay_ms);
    for (const later of chain.slice(at + 1)) if (later.is_pending) parts.settler.settle(publishedOnly(later));
    return;
  }
}

async function routeOne(parts: Routing, event: Claimed): Promise<Settlement> {
  const { event_id, type, tenant_id } = event;
  if (event.attempts >= most_attempts) {
    const last_error = givenUp(event.attempts);
    parts.log.error({ event_id, type, tenant_id, reason: last_error }, 'an event is dead');
    return { event, outcome: 'dead', delay_ms: 0, attempts: event.attempts, last_error };
  }
  try {
    const reactions = parts.reactionsOf(event);
    if (reactions.length > 0) await runReactions(parts, event, reactions);
    return routed(event);
  } catch (error) {
    const attempts = event.attempts + 1;
    const verdict = afterFailure(attempts, error, Math.random());
    const { last_error } = verdict;
    if (verdict.status === 'dead') {
      parts.log.error({ err: error, event_id, type, tenant_id, attempts }, 'an event is dead');
      return { event, outcome: 'dead', delay_ms: 0, attempts, last_error };
    }
    parts.log.warn({ err: error, event_id, type, tenant_id, attempts }, 'an event will be routed again');
    return { event, outcome: 'unrouted', delay_ms: verdict.delay_ms, attempts, last_error };
  }
}

function routed(event: Claimed): Settlement {
  return { event, outcome: 'routed', delay_ms: 0, attempts: 0, last_error: null };
}

/** It can be seen, and comes again from the outbox. */
function publishedOnly(event: Claimed): Settlement {
  return { event, outcome: 'published', delay_ms: 0, attempts: 0, last_error: null };
}
