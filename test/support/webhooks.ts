import { randomUUID } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { eventsForOrganizations } from '../../src/app/reactions.ts';
import { createResolver } from '../../src/desk/webhooks/adapters/resolver.ts';
import { createTransport } from '../../src/desk/webhooks/adapters/transport.ts';
import type { NewWebhook, WebhookWithSecret } from '../../src/desk/webhooks/model.ts';
import { enqueueDeliveries } from '../../src/desk/webhooks/reactions.ts';
import { createSender, type Sender, type SenderOptions } from '../../src/desk/webhooks/service/sender.ts';
import { createWebhook, deleteWebhook, type OrgIds, type WebhookDeps } from '../../src/desk/webhooks/service/webhooks.ts';
import type { Envelope } from '../../src/foundation/events/model.ts';
import { clock as wallClock } from '../../src/platform/clock.ts';
import type { TestDatabase } from './database.ts';

/** The wall clock, and whatever was added to it. */
export function movableClock() {
  let ahead_ms = 0;
  return {
    now: () => wallClock.now().add({ milliseconds: ahead_ms }),
    monotonic_ms: wallClock.monotonic_ms,
    advance(ms: number) {
      ahead_ms += ms;
    },
  };
}

export const event_types = {
  all: ['invoice.generated', 'usage.rolled_up', 'webhook.disabled', 'webhook.delivery.failed'],
  organizations: ['invoice.generated', 'webhook.delivery.failed'],
};

export const allowed = ['127.0.0.1'];

export const webhookDeps: WebhookDeps = { clock: wallClock, event_types, allowed };

export function make(
  t: TestDatabase,
  webhook: Partial<NewWebhook> & { url: string },
  {
    org_ids = null,
    tenant_id = t.tenant_id,
    reachable = allowed,
  }: { org_ids?: OrgIds; tenant_id?: string; reachable?: readonly string[] } = {},
): Promise<WebhookWithSecret> {
  const whole = { event_types: ['*'], schedule: 'standard' as const, ...webhook };
  return t.transact((tx) => createWebhook(tx, { ...webhookDeps, allowed: reachable }, org_ids, whole), { tenant_id });
}

/** Past the checks of a new endpoint: for URLs that the sender must refuse by itself. */
export async function plant(t: TestDatabase, webhook_id: string, url: string): Promise<void> {
  await t.superuser('UPDATE webhook SET url = $2 WHERE webhook_id = $1', [webhook_id, url]);
}

/** Lets the reaction of webhooks see an event. Answers its id. */
export async function happen(
  t: TestDatabase,
  event: {
    type?: string;
    org_id?: string;
    data?: Record<string, unknown>;
    tenant_id?: string;
    time?: string;
    recorded?: string;
  } = {},
): Promise<string> {
  const { type = 'invoice.generated', org_id, data = { invoice_id: 'i' }, tenant_id = t.tenant_id, time, recorded } = event;
  const envelope: Envelope = {
    specversion: '1.0',
    id: randomUUID(),
    source: `/tallystick/tenants/${tenant_id}`,
    type,
    subject: 'invoice/i',
    time: time ?? '2026-03-01T00:00:00Z',
    recordedtime: recorded ?? wallClock.now().toString(),
    datacontenttype: 'application/json',
    tenantid: tenant_id,
    correlationid: 'c',
    dataversion: 1,
    ...(org_id === undefined ? {} : { orgid: org_id }),
    data,
  };
  const reaction = enqueueDeliveries(eventsForOrganizations);
  await t.transact((tx) => reaction.react(tx, envelope), { tenant_id });
  return envelope.id;
}

export interface TestSender extends Sender {
  clock: ReturnType<typeof movableClock>;
  /** Lets the time pass and delivers what is due then. */
  after(ms: number): Promise<void>;
  logged: unknown[];
  close(): Promise<void>;
}

/** A sender that works when it is told to, without jitter. */
export function testSender(
  t: TestDatabase,
  options: Partial<SenderOptions> & { servers?: readonly string[]; ca?: string } = {},
): TestSender {
  const { servers, ca, ...given } = options;
  const clock = movableClock();
  const reachable = given.allowed ?? allowed;
  const transport = given.transport ?? createTransport(ca === undefined ? {} : { ca });
  const logged: unknown[] = [];
  const log = { warn: (...entry: unknown[]) => void logged.push(entry), error: (...entry: unknown[]) => void logged.push(entry) };
  const sender = createSender({
    postgres: t.postgres,
    clock,
    log: log as SenderOptions['log'],
    resolver: createResolver({ clock, allowed: reachable, ...(servers ? { servers, keep_ms: 0 } : {}) }),
    transport,
    allowed: reachable,
    deadline_ms: 15_000,
    disable_after_days: 5,
    random: () => 0,
    ...given,
  });
  return {
    ...sender,
    clock,
    logged,
    async after(ms) {
      clock.advance(ms);
      await sender.drain();
    },
    async close() {
      await sender.stop();
      await transport.close();
    },
  };
}

export interface Received {
  headers: Record<string, string>;
  body: string;
  path: string;
}

export interface Receiver {
  url: string;
  port: number;
  received: Received[];
  /** Connections that were opened. */
  connections(): number;
  close(): Promise<void>;
}

/** A real server on loopback that answers as told, 200 unless told otherwise. */
export async function receiver(
  answer: (request: Received, response: ServerResponse, nth: number) => unknown = (_request, response) => response.end(),
  { host = '127.0.0.1', port = 0, tls }: { host?: string; port?: number; tls?: { key: string; cert: string } } = {},
): Promise<Receiver> {
  const received: Received[] = [];
  let connections = 0;
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const one = {
        headers: request.headers as Record<string, string>,
        body: Buffer.concat(parts).toString(),
        path: request.url ?? '',
      };
      received.push(one);
      answer(one, response, received.length);
    });
    request.on('error', () => undefined);
  };
  const server = tls ? createHttpsServer(tls, listener) : createHttpServer(listener);
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  const bound = server.address() as AddressInfo;
  return {
    url: `http${tls ? 's' : ''}://${host}:${bound.port}/hook`,
    port: bound.port,
    received,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Takes every endpoint away, so that the next test is alone. */
export async function retireAll(t: TestDatabase): Promise<void> {
  for (const { tenant_id, webhook_id } of await t.superuser<{ tenant_id: string; webhook_id: string }>(
    'SELECT tenant_id, webhook_id FROM webhook WHERE deleted_at IS NULL',
  ))
    await t.transact((tx) => deleteWebhook(tx, null, webhook_id), { tenant_id });
}

/** Every row of the audit that is about webhooks or anything else. */
export function defects(t: TestDatabase): Promise<unknown[]> {
  return t.superuser('SELECT * FROM audit');
}
