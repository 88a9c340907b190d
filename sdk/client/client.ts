import type { Api } from './api.ts';
import { type Connection, exchange } from './exchange.ts';
import { newRequestId } from './request-id.ts';
import { delayMs, isPassing, type Patience, patience } from './retry.ts';

/** The name of an operation, such as `GET /v1/orgs/{id}`. */
export type Operation = keyof Api;
export type Answer<N extends Operation> = Api[N]['answer'];

/** What an operation takes: the names in its path, its query, its body, each only where it has one. */
export type Call<N extends Operation> = ParamsOf<N> & QueryOf<N> & BodyOf<N> & { idempotency_key?: string };

type Names<Path> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;
type ParamsOf<N extends Operation> = [Names<N>] extends [never] ? unknown : { params: Record<Names<N>, string> };
type QueryOf<N extends Operation> = Api[N] extends { query: infer Q }
  ? object extends Q
    ? { query?: Q }
    : { query: Q }
  : unknown;
/** A body that the document does not describe is a form with a file. */
type BodyOf<N extends Operation> = Api[N] extends { body: infer B } ? { body: B } : { body?: FormData };

/** Operations that answer a page at a time, and what one item of them is. */
export type Listing = {
  [N in Operation]: Answer<N> extends { data: unknown[]; next_cursor: string | null } ? N : never;
}[Operation];
export type Item<N extends Listing> = Answer<N>['data'][number];

export interface ClientOptions extends Connection {
  /** Tries after the first. 4 unless given. */
  retries?: number;
  patience?: Partial<Patience>;
}

export interface Client {
  /**
   * Calls one operation. Writes carry an idempotency key that is kept over retries, so that a call happens once however often it is sent.
   * Throws `ProblemError`, `ConnectionError`.
   */
  call<N extends Operation>(operation: N, call: Call<N>): Promise<Answer<N>>;
  /** The items of all pages, fetched as they are needed. */
  list<N extends Listing>(operation: N, call: Call<N>): AsyncGenerator<Item<N>>;
  /** The same as `call` where the answer is a file, such as a PDF. */
  download(operation: Operation, call: { params?: Record<string, string>; query?: object }): Promise<Blob>;
}

export function createClient(options: ClientOptions): Client {
  const { retries = 4 } = options;
  const patient = { ...patience, ...options.patience };

  async function call(operation: Operation, input: AnyCall): Promise<unknown> {
    const { method, path } = addressOf(operation, input);
    const request = { method, ...contentOf(method, input) };
    for (let tries = 1; ; tries += 1) {
      try {
        return await exchange(options, path, request);
      } catch (error) {
        if (tries > retries || !isPassing(error)) throw error;
        await patient.sleep(delayMs(error, tries, patient));
      }
    }
  }

  return {
    call: (operation, input) => call(operation, input as AnyCall) as Promise<never>,
    async *list(operation, input) {
      const { query, ...rest } = input as AnyCall;
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const page = (await call(operation, { ...rest, query: { ...query, ...(cursor === undefined ? {} : { cursor }) } })) as {
          data: never[];
          next_cursor: string | null;
        };
        yield* page.data;
        cursor = page.next_cursor;
      }
    },
    download: (operation, input) => call(operation, input as AnyCall) as Promise<Blob>,
  };
}

interface AnyCall {
  params?: Record<string, string>;
  query?: Record<string, unknown>;
  body?: unknown;
  idempotency_key?: string;
}

function addressOf(operation: string, { params = {}, query = {} }: AnyCall): { method: string; path: string } {
  const [method = '', template = ''] = operation.split(' ');
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = params[name];
    if (value === undefined) throw new TypeError(`${operation} needs the parameter ${name}.`);
    return encodeURIComponent(value);
  });
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const one of [value].flat()) if (one !== undefined && one !== null) search.append(name, String(one));
  return { method, path: search.size === 0 ? path : `${path}?${search}` };
}

function contentOf(method: string, { body, idempotency_key }: AnyCall): { headers: Record<string, string>; body?: BodyInit } {
  const key: Record<string, string> = method === 'GET' ? {} : { 'idempotency-key': idempotency_key ?? newRequestId() };
  if (body === undefined) return { headers: key };
  if (body instanceof FormData) return { headers: key, body };
  return { headers: { ...key, 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
