import { merkleRoot } from './merkle.ts';

/** How one request goes wrong, or not. */
export type Fault =
  | 'none'
  | 'lost'
  | 'answer lost'
  | 'answer cut'
  | 'answer of a proxy'
  | 'refusal of a proxy'
  | 'wrong ack'
  | 429
  | 503
  | 401;

export interface FakeServer {
  fetch: typeof globalThis.fetch;
  /** The JSON of each event by its id, in the order of first arrival. */
  stored: Map<string, string>;
  /** The ids of each request, as they came. */
  requests: string[][];
}

/**
 * What the API promises of usage, in memory: each request id once, an acknowledgement over the leaves of what was taken, the SKU `unknown`
 * refused by item, and a body with the SKU `broken` refused whole. Requests meet the faults in turn, then none.
 */
export function fakeServer(faults: Iterable<Fault> = []): FakeServer {
  const coming = faults[Symbol.iterator]();
  const stored = new Map<string, string>();
  const requests: string[][] = [];

  const answer = async (events: { request_id: string; sku: string }[]): Promise<[status: number, body: object]> => {
    if (events.some(({ sku }) => sku === 'broken')) return [400, { status: 400, code: 'malformed_request', title: 'Broken' }];
    const rejected = events.flatMap(({ request_id, sku }, index) =>
      sku === 'unknown' ? [{ index, request_id, code: 'sku_unknown', detail: 'There is no such SKU.' }] : [],
    );
    if (rejected.length === events.length) return [422, { status: 422, code: 'events_all_rejected', title: 'All', rejected }];
    const taken = events.filter(({ sku }) => sku !== 'unknown');
    const before = stored.size;
    for (const event of taken) if (!stored.has(event.request_id)) stored.set(event.request_id, JSON.stringify(event));
    const leaves = taken.map(({ request_id }) => leafOf(request_id));
    const accepted = stored.size - before;
    return [202, { accepted, duplicates: taken.length - accepted, rejected, late: [], leaves, ack: await ackOver(leaves) }];
  };

  return {
    stored,
    requests,
    async fetch(_url, init) {
      const { value: fault = 'none' } = coming.next() as { value?: Fault };
      const { events } = JSON.parse(init?.body as string) as { events: { request_id: string; sku: string }[] };
      requests.push(events.map(({ request_id }) => request_id));
      if (fault === 'lost') throw new TypeError('fetch failed');
      if (fault === 'answer of a proxy') return new Response('<h1>hello</h1>', { headers: { 'content-type': 'text/html' } });
      if (fault === 'refusal of a proxy') return new Response('<h1>400 Bad Request</h1>', { status: 400 });
      if (typeof fault === 'number')
        return json(fault, { status: fault, code: 'refused', title: 'Refused' }, { 'retry-after': '3' });
      const [status, body] = await answer(events);
      if (fault === 'answer lost') throw new TypeError('terminated');
      if (fault === 'wrong ack' && status === 202) return json(status, { ...body, ack: await ackOver([leafOf('another')]) });
      const text = JSON.stringify(body);
      return json(status, fault === 'answer cut' ? text.slice(0, text.length / 2) : text);
    },
  };
}

function json(status: number, body: object | string, headers: Record<string, string> = {}): Response {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const type = status < 300 ? 'application/json' : 'application/problem+json';
  return new Response(text, { status, headers: { ...headers, 'content-type': type } });
}

/** Any 32 bytes that belong to the id will do. */
export function leafOf(request_id: string): string {
  return Buffer.from(request_id).toString('hex').padEnd(64, '0').slice(0, 64);
}

async function ackOver(leaves: readonly string[]): Promise<string> {
  const statement = { root: await merkleRoot(leaves), count: leaves.length };
  return `e30.${Buffer.from(JSON.stringify(statement)).toString('base64url')}.c2ln`;
}
