import { type AckStore, checkAck } from './acks.ts';
import { ConnectionError, ProblemError } from './errors.ts';
import { type Connection, exchange } from './exchange.ts';
import { delayMs, type Patience } from './retry.ts';
import { type Entry, type Rejection, reported, type Taken } from './usage-event.ts';

/** What became of a batch. */
export type Verdict = Pick<Taken, 'accepted' | 'duplicates' | 'rejected'>;

export interface Delivery {
  /**
   * Tries until the server has answered for every event, and hands each answer to `settle`, in the order of the events. A batch that the
   * server refuses whole is halved until the bad event stands alone. Resolves also when it is stopped.
   */
  deliver(batch: readonly Entry[], settle: (part: readonly Entry[], verdict: Verdict) => Promise<void>): Promise<void>;
  /** One try that outlives the page, whose answer nobody waits for. */
  sendLeaving(batch: readonly Entry[]): void;
  /** Ends a pause between two tries. */
  hurry(): void;
  /** Nothing is sent or kept from now on. */
  stop(): void;
}

const path = '/v1/metering/events?leaves=true';

export function createDelivery(options: {
  connection: Connection;
  acks: AckStore | undefined;
  patience: Patience;
  on_error: (error: unknown, tries: number) => void;
}): Delivery {
  const { connection, acks, patience, on_error } = options;
  let pause = new AbortController();
  let stopped = false;

  async function send(batch: readonly Entry[]): Promise<Verdict> {
    try {
      const answer = takenOf(await exchange(connection, path, requestOf(batch)));
      // Nothing is written once it is stopped; whoever comes next sends again.
      if (stopped) throw new ConnectionError('The usage buffer was closed before the answer came.');
      await keepAck(batch, answer);
      return answer;
    } catch (error) {
      if (!isOfContent(error)) throw error;
      // That every event was refused is an answer for the batch like any other; and one event that is refused whole is refused.
      if (isRejections(error.problem.rejected, batch.length))
        return { accepted: 0, duplicates: 0, rejected: error.problem.rejected };
      if (batch.length === 1 && isOfServer(error)) return { accepted: 0, duplicates: 0, rejected: [refusalOf(error, batch[0]!)] };
      throw error;
    }
  }

  /** Throws where the acknowledgement does not stand over what was taken: then the server has not answered. */
  async function keepAck(batch: readonly Entry[], { rejected, leaves = [], ack }: Taken): Promise<void> {
    const refused = new Set(rejected.map(({ index }) => index));
    const taken = batch.filter((_, index) => !refused.has(index)).map(reported);
    if (leaves.length !== taken.length)
      throw new Error(`${taken.length} events were taken, and ${leaves.length} leaves answered.`);
    await checkAck(ack, leaves);
    await acks?.append({
      ack,
      events: taken.map(({ request_id, org_id, sku, time }, at) => ({ request_id, org_id, sku, time, leaf: leaves[at]! })),
    });
  }

  return {
    async deliver(batch, settle) {
      for (let tries = 1; !stopped; tries += 1) {
        try {
          return await settle(batch, await send(batch));
        } catch (error) {
          if (stopped) return;
          if (isOfContent(error) && batch.length > 1) {
            const middle = Math.ceil(batch.length / 2);
            await this.deliver(batch.slice(0, middle), settle);
            return this.deliver(batch.slice(middle), settle);
          }
          on_error(error, tries);
          pause = new AbortController();
          await patience.sleep(delayMs(error, tries, patience), pause.signal);
        }
      }
    },
    sendLeaving(batch) {
      exchange(connection, path, { ...requestOf(batch), keepalive: true }).catch((error) => on_error(error, 1));
    },
    hurry: () => pause.abort(),
    stop() {
      stopped = true;
      pause.abort();
    },
  };
}

/** Refused for who asks, or where: no later try is better until somebody does something. */
export function isOfCaller(error: unknown): boolean {
  return error instanceof ProblemError && [401, 403, 404, 405].includes(error.status);
}

/** Refused for what is in it: a part of it may be good. */
function isOfContent(error: unknown): error is ProblemError {
  if (!(error instanceof ProblemError)) return false;
  return error.status === 413 || ([400, 422].includes(error.status) && isOfServer(error));
}

/** Said by the server, and not by a proxy that stands before it, which may refuse for a while what is good. */
function isOfServer({ code }: ProblemError): boolean {
  return !code.startsWith('http_');
}

function requestOf(batch: readonly Entry[]) {
  const body = `{"events":[${batch.map(({ json }) => json).join(',')}]}`;
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body };
}

/** The answer, or an error where it has another shape: a proxy's page, say, is no acknowledgement. */
function takenOf(answer: unknown): Taken {
  const { accepted, duplicates, rejected, ack } = (answer ?? {}) as Partial<Taken>;
  if (typeof accepted !== 'number' || typeof duplicates !== 'number' || typeof ack !== 'string' || !Array.isArray(rejected))
    throw new ConnectionError('The answer is no answer to usage.');
  return answer as Taken;
}

function isRejections(value: unknown, count: number): value is Rejection[] {
  return Array.isArray(value) && value.length === count;
}

function refusalOf({ code, message }: ProblemError, { request_id }: Entry): Rejection {
  return { index: 0, request_id, code, detail: message };
}
