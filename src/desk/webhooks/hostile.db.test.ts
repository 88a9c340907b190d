import { createServer, type Server } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { certificate } from '../../../test/support/certificate.ts';
import { testDatabase } from '../../../test/support/database.ts';
import { nameServer } from '../../../test/support/name-server.ts';
import { privateAddresses, privateSpellings } from '../../../test/support/private-addresses.ts';
import { defects, happen, make, plant, type Receiver, receiver, retireAll, testSender } from '../../../test/support/webhooks.ts';

const t = await testDatabase();
const open: { close(): unknown }[] = [];
const opened = <T extends { close(): unknown }>(one: T): T => {
  open.push(one);
  return one;
};
afterEach(async () => {
  expect(await defects(t)).toEqual([]);
  await retireAll(t);
  for (const one of open.splice(0).reverse()) await one.close();
});

interface AttemptRow {
  status: number | null;
  error_code: string | null;
  address: string | null;
  response_body: string | null;
  response_cut: boolean;
  duration_ms: number;
}

/** Sends one event to the endpoint and answers its attempts. */
async function sendTo(url: string, options: Parameters<typeof testSender>[1] = {}, planted?: string): Promise<AttemptRow[]> {
  const sender = opened(testSender(t, options));
  const { webhook_id } = await make(t, { url });
  if (planted !== undefined) await plant(t, webhook_id, planted);
  await happen(t);
  await sender.drain();
  expect(sender.logged).toEqual([]);
  return attemptsOf(webhook_id);
}

function attemptsOf(webhook_id: string): Promise<AttemptRow[]> {
  return t.superuser('SELECT * FROM webhook_delivery_attempt WHERE webhook_id = $1 ORDER BY started_at, number', [webhook_id]);
}

async function raw(
  answer: (write: (bytes: string) => void, socket: import('node:net').Socket) => void,
): Promise<{ url: string; close(): void }> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => answer((bytes) => void socket.write(bytes), socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return opened({ url: `http://127.0.0.1:${port}/`, close: () => void server.close() });
}

describe('a hostile receiver', () => {
  it.each([400, 401, 404, 500, 503])('that answers %i is tried again later', async (status) => {
    const there = opened(await receiver((_request, response) => response.writeHead(status).end('what it says')));
    expect(await sendTo(there.url)).toMatchObject([
      { status, error_code: null, response_body: 'what it says', address: '127.0.0.1' },
    ]);
    expect(await t.superuser("SELECT status FROM webhook_delivery WHERE status = 'pending'")).toHaveLength(1);
  });

  it('that redirects to a metadata service is not followed', async () => {
    const aim = opened(await receiver());
    for (const location of ['http://169.254.169.254/latest/meta-data/', aim.url, '//127.0.0.1/']) {
      for (const status of [301, 302, 307, 308]) {
        const there = opened(await receiver((_request, response) => response.writeHead(status, { location }).end()));
        expect(await sendTo(there.url)).toMatchObject([{ status, error_code: 'redirect_refused' }]);
        expect(there.received).toHaveLength(1);
      }
    }
    expect(aim.connections()).toBe(0);
  });

  it.each([
    ['never answers', () => undefined],
    [
      'answers its headers a byte at a time',
      (write: (bytes: string) => void, socket: { destroyed: boolean }) => drip('HTTP/1.1 200 OK\r\nx: ', write, socket),
    ],
    ['never ends its headers', (write: (bytes: string) => void) => write('HTTP/1.1 200 OK\r\nx: 1\r\n')],
  ])('that %s is left after the deadline', async (_label, answer) => {
    const there = await raw(answer as never);
    expect(await sendTo(there.url, { deadline_ms: 300 })).toMatchObject([{ status: null, error_code: 'timeout' }]);
  });

  it('that takes the event and drips its answer for ever has taken it, and is left', async () => {
    const there = await raw((write, socket) => {
      write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n');
      drip('ok', write, socket);
    });
    expect(await sendTo(there.url, { deadline_ms: 500 })).toMatchObject([{ status: 200, response_cut: true }]);
    expect(await t.superuser("SELECT 1 FROM webhook_delivery WHERE status = 'delivered' AND attempts = 1")).not.toHaveLength(0);
  });

  it('that answers endlessly is cut at 64 KiB', async () => {
    const there = opened(
      await receiver((_request, response) => {
        const part = Buffer.alloc(65_536, 'x');
        const more = () => {
          while (!response.destroyed && response.write(part));
        };
        response.on('drain', more);
        more();
      }),
    );
    const [attempt] = await sendTo(there.url);
    expect(attempt).toMatchObject({ status: 200, response_cut: true });
    expect(attempt!.response_body).toBe('x'.repeat(65_536));
  });

  it('that sends a compression bomb has it neither unpacked nor kept', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const there = opened(
      await receiver((_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)),
    );
    expect(await sendTo(there.url)).toMatchObject([{ status: 200, response_body: null }]);
  });

  it('that sends what no text is has it kept as text', async () => {
    const there = opened(
      await receiver((_request, response) =>
        response.writeHead(500, { 'x-odd': '\u00ff' }).end(Buffer.from([0, 0xff, 0xfe, 0xd8, 0x41])),
      ),
    );
    const [attempt] = await sendTo(there.url);
    expect(attempt!.response_body).toMatch(/^\ufffd+A$/);
  });

  it.each([
    [
      'resets the connection',
      (_write: unknown, socket: { resetAndDestroy(): void }) => socket.resetAndDestroy(),
      'connection_reset',
    ],
    ['closes without an answer', (_write: unknown, socket: { end(): void }) => socket.end(), 'connection_reset'],
    ['speaks something else', (write: (bytes: string) => void) => write('SSH-2.0-OpenSSH_9.9\r\n'), 'answer_invalid'],
    [
      'sends headers without end',
      (write: (bytes: string) => void) => write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(200_000)}`),
      'answer_invalid',
    ],
  ])('that %s is tried again later', async (_label, answer, error_code) => {
    const there = await raw(answer as never);
    expect(await sendTo(there.url)).toMatchObject([{ status: null, error_code }]);
  });

  it('that answers before it has read the body has answered', async () => {
    const there = await raw((write) => write('HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n'));
    const sender = opened(testSender(t));
    const { webhook_id } = await make(t, { url: there.url });
    await happen(t, { data: { filler: 'x'.repeat(2_000_000) } });
    await sender.drain();
    const [attempt] = await attemptsOf(webhook_id);
    // Whether the answer or the reset comes first is the network's choice; an outcome there is.
    expect(attempt!.status === 204 || attempt!.error_code === 'connection_reset').toBe(true);
  });

  it('where nothing listens is tried again later', async () => {
    const there = await receiver();
    await there.close();
    expect(await sendTo(there.url)).toMatchObject([{ error_code: 'connection_refused' }]);
  });
});

describe('TLS', () => {
  const url = (there: Receiver, host = 'hook.test') => `https://${host}:${there.port}/hook`;

  it('is spoken with whom the certificate is for, at the address that was resolved', async () => {
    const there = opened(await receiver(undefined, { tls: certificate }));
    const names = opened(await nameServer(() => ['127.0.0.1']));
    expect(await sendTo(url(there), { servers: [names.at], ca: certificate.cert })).toMatchObject([
      { status: 200, address: '127.0.0.1' },
    ]);
    expect(await sendTo(url(there, '127.0.0.1'), { ca: certificate.cert })).toMatchObject([{ status: 200 }]);
    expect(there.received[0]!.headers.host).toBe(`hook.test:${there.port}`);
  });

  it('is refused with a certificate for another name, or of an authority that is not trusted', async () => {
    const there = opened(await receiver(undefined, { tls: certificate }));
    const names = opened(await nameServer(() => ['127.0.0.1']));
    expect(await sendTo(url(there, 'other.test'), { servers: [names.at], ca: certificate.cert })).toMatchObject([
      { error_code: 'tls_failed' },
    ]);
    expect(await sendTo(url(there), { servers: [names.at] })).toMatchObject([{ error_code: 'tls_failed' }]);
    expect(there.received).toEqual([]);
  });

  it('is not spoken with who does not', async () => {
    const there = opened(await receiver());
    expect(await sendTo(`https://127.0.0.1:${there.port}/`)).toMatchObject([{ error_code: 'tls_failed' }]);
  });
});

describe('a private address', () => {
  it('is refused in each of more than 200 spellings, when the endpoint is made and at every attempt, and nothing connects', async () => {
    const there = opened(await receiver());
    const spellings = privateSpellings(there.port);
    expect(new Set(spellings).size).toBeGreaterThanOrEqual(200);
    const sender = opened(testSender(t, { allowed: [] }));
    const { webhook_id } = await make(t, { url: 'https://hooks.example.com/' });
    // What the database takes at all.
    const plantable = spellings.filter((spelling) => /^https?:[/][/]/.test(spelling));
    expect(plantable.length).toBeGreaterThanOrEqual(200);
    for (const spelling of spellings) {
      await expect(make(t, { url: spelling }, { reachable: [] }), spelling).rejects.toMatchObject({
        code: 'webhook_url_refused',
      });
    }
    const ids = await Promise.all(
      plantable.slice(0, 90).map(async () => (await make(t, { url: 'https://hooks.example.com/' })).webhook_id),
    );
    // No more endpoints than a tenant may have: each takes several plantable, one after another.
    for (let from = 0; from < plantable.length; from += ids.length) {
      for (const [at, id] of ids.entries()) await plant(t, id, plantable[(from + at) % plantable.length]!);
      await plant(t, webhook_id, plantable[0]!);
      await happen(t);
      await sender.drain();
    }
    const refused = await t.superuser<{ url: string; error_code: string; address: string | null }>(
      'SELECT url, error_code, host(address) AS address FROM webhook_delivery_attempt WHERE webhook_id = ANY ($1)',
      [ids],
    );
    expect(new Set(refused.map(({ url }) => url))).toEqual(new Set(plantable));
    for (const one of refused) expect(one, one.url).toMatchObject({ error_code: 'url_refused', address: null });
    expect(there.connections()).toBe(0);
    expect(sender.logged).toEqual([]);
  });

  it('is refused where a name leads to it, alone or among public ones', async () => {
    const there = opened(await receiver());
    const addresses = privateAddresses.filter((address) => !address.includes('%'));
    const names = opened(
      await nameServer((name) => {
        const [kind = '', nth = ''] = name.split('.');
        const address = addresses[Number.parseInt(nth, 10)]!;
        return kind === 'alone' ? [address] : ['93.184.216.34', address, '2606:2800:220:1:248:1893:25c8:1946'];
      }),
    );
    const sender = opened(testSender(t, { allowed: [], servers: [names.at] }));
    const hosts = addresses.flatMap((_address, nth) => [`alone.${nth}.a`, `mixed.${nth}.a`].map((name) => `${name}.test`));
    const ids: string[] = [];
    for (const host of hosts.slice(0, 100)) ids.push((await make(t, { url: `https://${host}:${there.port}/` })).webhook_id);
    await happen(t);
    await sender.drain();
    const refused = await t.superuser<{ error_code: string }>(
      'SELECT error_code FROM webhook_delivery_attempt WHERE webhook_id = ANY ($1)',
      [ids],
    );
    expect(refused).toHaveLength(ids.length);
    expect(new Set(refused.map(({ error_code }) => error_code))).toEqual(new Set(['address_refused']));
    expect(there.connections()).toBe(0);
  });

  it('is not reached by a name that is rebound to it between attempts, nor over a connection that was kept', async () => {
    // 127.0.0.2 stands for a public address: it alone is allowed. 127.0.0.1, with the same port, is private.
    const outside = opened(
      await receiver((_request, response) => response.writeHead(500).end(), { host: '127.0.0.2', tls: certificate }),
    );
    const inside = opened(await receiver(undefined, { port: outside.port, tls: certificate }));
    const names = opened(await nameServer((_name, nth) => (nth === 1 ? ['127.0.0.2'] : ['127.0.0.1'])));
    const sender = opened(testSender(t, { allowed: ['127.0.0.2'], servers: [names.at], ca: certificate.cert }));
    const { webhook_id } = await make(t, { url: `https://hook.test:${outside.port}/` });
    await happen(t);
    await sender.drain();
    await sender.after(5 * 60_000);
    await sender.after(30 * 60_000);
    expect(await attemptsOf(webhook_id)).toMatchObject([
      { status: 500, address: '127.0.0.2' },
      { error_code: 'address_refused', address: null },
      { error_code: 'address_refused', address: null },
    ]);
    expect(outside.received).toHaveLength(1);
    expect(inside.connections()).toBe(0);
  });

  it('is not reached by a name whose answer changes between the check and the connection: it is asked once', async () => {
    const outside = opened(await receiver(undefined, { host: '127.0.0.2', tls: certificate }));
    const inside = opened(await receiver(undefined, { port: outside.port, tls: certificate }));
    const names = opened(await nameServer((_name, nth) => (nth % 2 === 1 ? ['127.0.0.2'] : ['127.0.0.1'])));
    const sent = await sendTo(`https://hook.test:${outside.port}/`, {
      allowed: ['127.0.0.2'],
      servers: [names.at],
      ca: certificate.cert,
    });
    expect(sent).toMatchObject([{ status: 200, address: '127.0.0.2' }]);
    expect(names.asked).toHaveLength(1);
    expect(inside.connections()).toBe(0);
  });

  it('is told from a name that has no address', async () => {
    const names = opened(await nameServer(() => []));
    expect(await sendTo('https://nowhere.test/', { servers: [names.at] })).toMatchObject([{ error_code: 'name_unresolved' }]);
  });
});

function drip(text: string, write: (bytes: string) => void, socket: { destroyed: boolean }): void {
  let at = 0;
  const timer = setInterval(() => {
    if (socket.destroyed) clearInterval(timer);
    else write(text[at++] ?? 'y');
  }, 20);
}
