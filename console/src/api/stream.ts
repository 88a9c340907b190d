import { currentSession } from './client.ts';
import { Problem, problemFromAnswer } from './problem.ts';
import type { EventEntry } from './types.ts';

/** One message of a stream of server-sent events. */
export interface StreamMessage {
  id: string;
  data: string;
}

/**
 * Puts server-sent events (WHATWG HTML §9.2.6) together from text that comes in pieces of any size. What is no message, such as a heartbeat,
 * gives none.
 */
export function createMessageReader(): (piece: string) => StreamMessage[] {
  let rest = '';
  return (piece) => {
    const blocks = `${rest}${piece}`.split('\n\n');
    rest = blocks.pop() ?? '';
    return blocks.map(messageOf).filter((message) => message.data !== '');
  };
}

export type TailState = 'connecting' | 'connected' | 'waiting';

interface TailOptions {
  type: string | undefined;
  signal: AbortSignal;
  onEvents: (events: EventEntry[]) => void;
  onState: (state: TailState) => void;
  /** The server refused: it is not asked again. */
  onRefused: (problem: Problem) => void;
}

/** How long the first wait for another connection is; each after it is twice as long, up to the longest. */
const shortest_wait_ms = 1000;
const longest_wait_ms = 15_000;

/**
 * Hears of events as they are published until the signal says otherwise. A connection that ended is made again and goes on after the last event that
 * came (`Last-Event-ID`); a session that ran out is refreshed. It is no EventSource, which keeps to itself why it was refused.
 */
export async function followEvents({ type, signal, onEvents, onState, onRefused }: TailOptions): Promise<void> {
  const address = `/v1/events/stream${type === undefined ? '' : `?type=${encodeURIComponent(type)}`}`;
  let last_id: string | null = null;
  let wait_ms = shortest_wait_ms;
  onState('connecting');
  while (!signal.aborted) {
    const answer = await opened(address, last_id, signal);
    if (signal.aborted) return;
    if (answer && (await isRefused(answer)))
      return onRefused(problemFromAnswer(answer.status, await answer.text(), answer.headers.get('x-request-id')));
    if (answer?.ok && answer.body) {
      onState('connected');
      wait_ms = shortest_wait_ms;
      last_id = await readAll(answer.body, last_id, onEvents);
      if (signal.aborted) return;
    }
    onState('waiting');
    await pause(wait_ms, signal);
    wait_ms = Math.min(wait_ms * 2, longest_wait_ms);
  }
}

/** The answer, or null where there was none. */
async function opened(address: string, last_id: string | null, signal: AbortSignal): Promise<Response | null> {
  const headers = new Headers({ accept: 'text/event-stream' });
  if (last_id !== null) headers.set('last-event-id', last_id);
  try {
    return await fetch(address, { headers, signal, credentials: 'same-origin' });
  } catch (error) {
    if (isBroken(error)) return null;
    throw error;
  }
}

/** Whether asking again would not help: it may where there are too many streams, the server is ill, or the session could be refreshed. */
async function isRefused({ status }: Response): Promise<boolean> {
  if (status < 400 || status >= 500 || status === 429) return false;
  return status !== 401 || !(await isStillSignedIn());
}

async function isStillSignedIn(): Promise<boolean> {
  try {
    return (await currentSession()) !== null;
  } catch (error) {
    if (error instanceof Problem) return false;
    throw error;
  }
}

/** Reads to the end of a connection, however it ends, and gives the id of the last event that came. */
async function readAll(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  before: string | null,
  onEvents: (events: EventEntry[]) => void,
): Promise<string | null> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  const messagesIn = createMessageReader();
  let last_id = before;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return last_id;
      const messages = messagesIn(value);
      if (messages.length === 0) continue;
      last_id = messages.at(-1)!.id;
      onEvents(messages.map((message) => JSON.parse(message.data) as EventEntry));
    }
  } catch (error) {
    if (isBroken(error)) return last_id;
    throw error;
  }
}

/** A connection that broke or was let go, as fetch tells it. */
function isBroken(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof DOMException && error.name === 'AbortError');
}

function messageOf(block: string): StreamMessage {
  const message: StreamMessage = { id: '', data: '' };
  for (const line of block.split('\n')) {
    if (line.startsWith('id: ')) message.id = line.slice(4);
    else if (line.startsWith('data: ')) message.data += line.slice(6);
  }
  return message;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
