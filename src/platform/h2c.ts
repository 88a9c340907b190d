import type { Server as Http1Server } from 'node:http';
import { constants, createServer, type Http2Server, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';

export interface H2cOptions {
  onRequest: (request: Http2ServerRequest, response: Http2ServerResponse) => void;
  /** How long a connection may be undecided, or a session may be without a call before its first; 60 s, as HTTP/1 waits for a head. */
  silence_ms?: number;
  /** How long a session may be without a call after its first. */
  idle_ms?: number;
  /** How long calls may take to end when the server closes. */
  drain_ms?: number;
  /** How long the client of a call that takes one message may take to send it. */
  request_ms?: number;
}

export interface H2c {
  /** Tells every client to go away, lets calls end, and cuts what has not ended by `drain_ms`. */
  close(): void;
}

/** RFC 9113 §3.4. */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/**
 * Lets the port of an HTTP/1 server speak HTTP/2 without TLS too, to clients that know it does (RFC 9113 §3.3), as gRPC clients do. The
 * first bytes decide: what begins with the preface is HTTP/2, all else is the HTTP/1 server's, byte for byte, to answer or to refuse.
 */
export function speakHttp2Too(http1: Http1Server, options: H2cOptions): H2c {
  const { silence_ms = 60_000, drain_ms = 15_000 } = options;
  const http2 = http2Server(options);
  const sessions = trackSessions(http2, options);
  const undecided = new Set<Socket>();
  const toHttp1 = http1.listeners('connection') as ((socket: Socket) => void)[];
  http1.removeAllListeners('connection');
  http1.on('connection', (socket: Socket) => {
    undecided.add(socket);
    const late = setTimeout(() => {
      const error = Object.assign(new Error('The connection was silent.'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
      http1.emit('clientError', error, socket);
    }, silence_ms);
    const gone = () => socket.destroy();
    let held: Buffer = Buffer.alloc(0);
    const settle = () => {
      clearTimeout(late);
      undecided.delete(socket);
      socket.off('readable', look).off('end', look).off('error', gone).off('close', settle);
    };
    const look = () => {
      for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null)
        held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      if (held.length === 0 && socket.readableEnded) return gone();
      const seen = Math.min(held.length, preface.length);
      const may_be_http2 = held.subarray(0, seen).equals(preface.subarray(0, seen));
      if (may_be_http2 && seen < preface.length && !socket.readableEnded) return;
      settle();
      // A socket whose client has ended takes nothing back: it sent less than any request has.
      if (socket.readableEnded) return gone();
      socket.unshift(held);
      if (may_be_http2) http2.emit('connection', socket.setKeepAlive(true, 30_000));
      else for (const listener of toHttp1) listener.call(http1, socket);
    };
    socket.on('readable', look).on('end', look).on('error', gone).on('close', settle);
  });
  return {
    close() {
      for (const socket of undecided) socket.destroy();
      sessions.close();
      setTimeout(sessions.destroy, drain_ms).unref();
    },
  };
}

/** How long a caller whose call was answered may go on sending. */
const after_answer_ms = 1000;

const megabyte = 1024 * 1024;

function http2Server({ onRequest }: H2cOptions): Http2Server {
  return createServer(
    {
      // One connection may hold this many calls at once; more are refused, and a client that goes on is cut off.
      settings: { maxConcurrentStreams: 128, initialWindowSize: megabyte, maxHeaderListSize: 16 * 1024, enablePush: false },
      maxHeaderListPairs: 100,
      maxSessionRejectedStreams: 100,
      maxSessionInvalidFrames: 100,
      maxOutstandingPings: 10,
      maxSettings: 32,
      // RFC 9113 §10.5: streams that are opened and reset at once, again and again, end the connection.
      streamResetBurst: 1000,
      streamResetRate: 33,
      maxSessionMemory: 64,
    },
    onRequest,
  );
}

function trackSessions(http2: Http2Server, options: H2cOptions): { close(): void; destroy(): void } {
  const { silence_ms = 60_000, idle_ms = 300_000, request_ms = 120_000 } = options;
  const sessions = new Set<{ close(): void; destroy(): void }>();
  http2.on('session', (session) => {
    sessions.add(session);
    // What all calls of a session may have under way together: a large batch then needs few round trips.
    session.setLocalWindowSize(4 * megabyte);
    let open = 0;
    let idle = setTimeout(() => session.close(), silence_ms).unref();
    session.on('stream', (stream) => {
      open += 1;
      clearTimeout(idle);
      // Streams of many messages say so by never ending their side; what is one message must come in time, as an HTTP/1 request must.
      const slow = setTimeout(() => {
        if (!stream.readableEnded && stream.headersSent === false) stream.close(constants.NGHTTP2_CANCEL);
      }, request_ms).unref();
      // An answered call is over, though its caller would go on sending (RFC 9113 §8.1): it must not hold the session open.
      stream.once('finish', () => {
        setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), after_answer_ms).unref();
      });
      stream.once('close', () => {
        clearTimeout(slow);
        open -= 1;
        if (open > 0) return;
        idle = setTimeout(() => session.close(), idle_ms).unref();
      });
    });
    session.once('close', () => {
      clearTimeout(idle);
      sessions.delete(session);
    });
  });
  // What befalls a session is its client's matter: the session is gone, and its calls with it.
  http2.on('sessionError', () => undefined);
  return {
    close: () => {
      for (const session of sessions) session.close();
    },
    destroy: () => {
      for (const session of sessions) session.destroy();
    },
  };
}
