import { Agent, createServer, get, type Server } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { type H2c, speakHttp2Too } from './h2c.ts';

const open: { destroy(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.destroy();
});

const patient = await served({});
afterAll(() => patient.server.close());

describe('one port', () => {
  it('answers HTTP/1, kept alive and pipelined, and HTTP/2, all at once', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 2 });
    const session = http2(patient.port);
    const kept = Array.from({ length: 50 }, (_, n) => http1(patient.port, `/kept-${n}`, agent));
    const streams = Array.from({ length: 50 }, (_, n) => http2Get(session, `/h2-${n}`));
    const wanted = (name: string) => Array.from({ length: 50 }, (_, n) => `${name}-${n}`);
    expect(await pipelined(patient.port, wanted('/piped'))).toEqual(wanted('1.1 /piped'));
    expect(await Promise.all(kept)).toEqual(wanted('1.1 /kept'));
    expect(await Promise.all(streams)).toEqual(wanted('2.0 /h2'));
    agent.destroy();
  });

  it('takes a request of either kind byte by byte', async () => {
    const socket = raw(patient.port);
    for (const byte of 'PUT /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok') {
      socket.write(byte);
      await sleep(0);
    }
    expect(await textOf(socket)).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*1\.1 \/slow$/);
    const plain = raw(patient.port);
    const session = http2(patient.port, slowly(plain));
    expect(await http2Get(session, '/slow')).toBe('2.0 /slow');
  });

  it('leaves what is neither to HTTP/1, which refuses it', async () => {
    for (const garbage of ['\u0000\u0001\u0002\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n', '\u0016\u0003\u0001 TLS']) {
      const socket = raw(patient.port);
      socket.write(garbage);
      expect(await textOf(socket)).toMatch(/^HTTP\/1\.1 400 /);
    }
  });

  it('survives callers that leave in the middle of the first bytes', async () => {
    for (const start of ['', 'P', 'PRI * HTT', 'GET / HTT']) {
      const ended = raw(patient.port);
      ended.end(start);
      await textOf(ended);
      const torn = raw(patient.port);
      torn.write(start);
      await sleep(5);
      torn.resetAndDestroy();
    }
    expect(await http1(patient.port, '/after')).toBe('1.1 /after');
  });
});

describe('a caller that keeps the server waiting', () => {
  it('is answered 408 when it says nothing, or half of the preface', async () => {
    const { port, server } = await served({ silence_ms: 30 });
    for (const start of ['', 'PRI * HTTP/2.0\r\n']) {
      const socket = raw(port);
      socket.write(start);
      expect(await textOf(socket)).toMatch(/^HTTP\/1\.1 408 /);
    }
    server.close();
  });

  it('is sent away when it opens a session and no call, though it pings', async () => {
    const { port, server } = await served({ silence_ms: 50 });
    const session = http2(port);
    const pings = setInterval(() => session.ping(() => undefined), 5);
    await new Promise((resolve) => session.once('close', resolve));
    clearInterval(pings);
    server.close();
  });

  it('loses a call whose message does not come to its end', async () => {
    const { port, server } = await served({ request_ms: 50, waits: true });
    const stream = http2(port).request({ ':method': 'POST', ':path': '/' }, { endStream: false });
    const drip = setInterval(() => stream.write('x'), 5);
    stream.on('error', () => undefined);
    await new Promise((resolve) => stream.once('close', resolve));
    clearInterval(drip);
    expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
    server.close();
  });
});

describe('a hostile client', () => {
  it('opens 10,000 streams on one connection and has a bounded number of them served at once', async () => {
    const { port, server, peak } = await served({ holds: 'a moment' });
    const session = http2(port);
    const outcomes = Array.from({ length: 10_000 }, () => outcomeOf(session));
    await Promise.all(outcomes);
    expect(peak()).toBeLessThanOrEqual(128);
    expect(await http1(port, '/after')).toBe('1.1 /after');
    server.close();
  }, 60_000);

  it('opens and resets streams again and again, and loses its connection alone', async () => {
    const { port, server } = await served({});
    const good = http2(port);
    const bad = http2(port);
    const gone = new Promise<void>((resolve) => bad.once('close', resolve));
    let closed = false;
    void gone.then(() => {
      closed = true;
    });
    for (let n = 0; n < 10_000 && !closed; n += 1) {
      const stream = bad.request({ ':path': '/' });
      stream.on('error', () => undefined);
      stream.close(constants.NGHTTP2_CANCEL);
      if (n % 50 === 0) await sleep(0);
    }
    await gone;
    expect(await http2Get(good, '/unharmed')).toBe('2.0 /unharmed');
    server.close();
  }, 60_000);

  it('sends a frame larger than it may, or headers without end, and loses its connection alone', async () => {
    const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    const huge = Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]), Buffer.alloc(100_000)]);
    const continued = Array.from({ length: 2000 }, () =>
      Buffer.concat([Buffer.from([0, 4, 0, 9, 0, 0, 0, 0, 1]), Buffer.alloc(1024, 0x10)]),
    );
    const endless = Buffer.concat([Buffer.from([0, 0, 1, 1, 0, 0, 0, 0, 1, 0x82]), ...continued]);
    for (const attack of [huge, endless]) {
      const socket = raw(patient.port);
      socket.resume().write(Buffer.concat([preface, settings, attack]));
      await new Promise((resolve) => socket.once('close', resolve));
    }
    expect(await http2Get(http2(patient.port), '/after')).toBe('2.0 /after');
  });
});

describe('a server that closes', () => {
  it('lets calls end, takes no new ones, and drops who has asked for nothing', async () => {
    const { port, server, h2c, release, arrived } = await served({ holds: true });
    const silent = raw(port);
    await new Promise((resolve) => silent.once('connect', resolve));
    const session = http2(port);
    const running = http2Get(session, '/running');
    await arrived;
    const closed = new Promise((resolve) => server.close(resolve));
    const silenced = textOf(silent);
    const told = new Promise((resolve) => session.once('goaway', resolve));
    h2c.close();
    await silenced;
    await told;
    await expect(http2Get(session, '/late')).rejects.toThrow();
    release();
    expect(await running).toBe('2.0 /running');
    await closed;
  });

  it('cuts calls that do not end in time', async () => {
    const { port, server, h2c, arrived } = await served({ holds: true, drain_ms: 50 });
    const session = http2(port);
    const running = outcomeOf(session);
    await arrived;
    const closed = new Promise((resolve) => server.close(resolve));
    h2c.close();
    await running;
    await closed;
  });
});

interface Served {
  server: Server;
  h2c: H2c;
  port: number;
  /** The most HTTP/2 calls that were open at once. */
  peak(): number;
  /** When it has its first HTTP/2 call. */
  arrived: Promise<void>;
  /** Answers the calls that are held. */
  release(): void;
}

/** Answers the version and the path; `holds` keeps HTTP/2 calls until `release`, or for a moment, `waits` until their message ends. */
async function served(options: {
  silence_ms?: number;
  request_ms?: number;
  drain_ms?: number;
  holds?: boolean | 'a moment';
  waits?: boolean;
}): Promise<Served> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end(`1.1 ${request.url}`));
  });
  server.on('clientError', (error: Error & { code?: string }, socket: Socket) => {
    const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request';
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
  });
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  let at_once = 0;
  let peak = 0;
  const waiting = new Set<() => void>();
  const h2c = speakHttp2Too(server, {
    ...options,
    onRequest(request, response) {
      arrive();
      const answer = () => response.end(`2.0 ${request.url}`);
      if (options.waits) return void request.resume().on('end', answer);
      if (!options.holds) return void answer();
      at_once += 1;
      peak = Math.max(peak, at_once);
      response.once('close', () => {
        at_once -= 1;
        waiting.delete(answer);
      });
      waiting.add(answer);
      if (options.holds === 'a moment') setTimeout(answer, 5);
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const release = () => waiting.forEach((each) => void each());
  return { server, h2c, port: (server.address() as AddressInfo).port, peak: () => peak, arrived, release };
}

function raw(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  open.push(socket);
  return socket;
}

function textOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('close', () => resolve(text));
  });
}

/** Hands on what is written one byte at a time. */
function slowly(socket: Socket): Socket {
  const write = socket.write.bind(socket) as (chunk: Buffer) => boolean;
  let last = Promise.resolve();
  socket.write = ((chunk: Buffer, ...rest: unknown[]) => {
    const done = rest.find((one) => typeof one === 'function') as (() => void) | undefined;
    last = last.then(async () => {
      for (const byte of Buffer.from(chunk)) {
        write(Buffer.from([byte]));
        await sleep(0);
      }
      done?.();
    });
    return true;
  }) as Socket['write'];
  return socket;
}

function http2(port: number, socket?: Socket): ClientHttp2Session {
  const session = connectHttp2(`http://127.0.0.1:${port}`, socket ? { createConnection: () => socket } : {});
  session.on('error', () => undefined);
  open.push(session);
  return session;
}

function http2Get(session: ClientHttp2Session, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': path });
    let text = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    stream.on('error', reject).on('close', () => (text === '' ? reject(new Error('no answer')) : resolve(text)));
  });
}

async function outcomeOf(session: ClientHttp2Session): Promise<string> {
  try {
    return await http2Get(session, '/');
  } catch (error) {
    return `${error}`;
  }
}

function http1(port: number, path: string, agent?: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', path, ...(agent ? { agent } : {}) }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => resolve(text));
    }).on('error', reject);
  });
}

/** Sends all requests before it reads any answer. */
async function pipelined(port: number, paths: readonly string[]): Promise<string[]> {
  const socket = raw(port);
  const requests = paths.map((path, n) => {
    const last = n === paths.length - 1 ? 'Connection: close\r\n' : '';
    return `GET ${path} HTTP/1.1\r\nHost: x\r\n${last}\r\n`;
  });
  socket.write(requests.join(''));
  const text = await textOf(socket);
  return [...text.matchAll(/1\.1 \/\S+?-\d+(?=HTTP|$|\r)/g)].map(([found]) => found);
}
