import type { Clock } from '../../../platform/clock.ts';
import { unseal } from '../../../platform/keys.ts';
import type { Resolver } from '../adapters/resolver.ts';
import type { Exchange, Transport } from '../adapters/transport.ts';
import { signedHeaders } from '../decide/signature.ts';
import { targetOf } from '../decide/url.ts';
import type { AttemptError, Outcome } from '../model.ts';
import type { Claimed, Endpoint } from '../sql/send.ts';
import { placeOf } from './secrets.ts';

export interface AttemptDeps {
  clock: Clock & { monotonic_ms(): number };
  resolver: Resolver;
  transport: Transport;
  /** Private addresses that may be reached all the same. */
  allowed: readonly string[];
  /** From the name's resolution to the end of the answer. */
  deadline_ms: number;
}

/** Sends a delivery once. Never rejects: whatever happens is an outcome. */
export async function attempt(deps: AttemptDeps, delivery: Claimed, endpoint: Endpoint): Promise<Outcome> {
  const now = deps.clock.now();
  const began_ms = deps.clock.monotonic_ms();
  const outcome = (part: Partial<Outcome>, error: Outcome['error'] = null): Outcome => ({
    url: endpoint.url,
    address: null,
    request_headers: {},
    status: null,
    response_headers: null,
    response_body: null,
    response_cut: false,
    started_at: now.toString(),
    duration_ms: Math.max(0, Math.round(deps.clock.monotonic_ms() - began_ms)),
    ...part,
    error,
  });
  const refused = (code: AttemptError, detail: string, part: Partial<Outcome> = {}) =>
    outcome(part, { code, detail: detail.slice(0, 500) });

  const secrets = openSecrets(endpoint);
  if (secrets === null) return refused('secret_unreadable', 'The secret cannot be opened with the key of this installation.');
  const target = targetOf(endpoint.url, deps.allowed);
  if ('fault' in target) return refused('url_refused', `The URL ${target.fault}.`);
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Tallystick-Webhooks/1',
    accept: '*/*',
    'accept-encoding': 'identity',
    ...signedHeaders({ id: delivery.event_id, body: delivery.body }, secrets, now),
  };
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), deps.deadline_ms);
  let address: string;
  let exchange: Exchange;
  try {
    const resolution = await within(deadline.signal, deps.resolver.resolve(target));
    if (resolution === null) return refused('timeout', 'The name was not resolved in time.', { request_headers: headers });
    if ('code' in resolution) return refused(resolution.code, resolution.detail, { request_headers: headers });
    address = resolution.address;
    exchange = await deps.transport.post(target, address, { headers, body: delivery.body }, deadline.signal);
  } finally {
    clearTimeout(timer);
  }
  if ('code' in exchange) return refused(exchange.code, exchange.detail, { address, request_headers: headers });
  const { status, headers: response_headers, body: response_body, cut: response_cut } = exchange.answer;
  const answered = { address, request_headers: headers, status, response_headers, response_body, response_cut };
  if (status >= 300 && status <= 399) return refused('redirect_refused', 'Redirects are not followed.', answered);
  return outcome(answered);
}

/** Null when it took too long. */
function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T | null> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => resolve(null), { once: true });
    work.then(resolve, reject);
  });
}

function openSecrets({ tenant_id, webhook_id, secrets }: Endpoint): Buffer[] | null {
  try {
    return secrets.length === 0
      ? null
      : secrets.map(({ secret_id, sealed }) => unseal(sealed, placeOf({ tenant_id, webhook_id, secret_id })));
  } catch (error) {
    // Of an installation that was restored without its key: the one failure that opening has.
    if (error instanceof Error) return null;
    throw error;
  }
}
