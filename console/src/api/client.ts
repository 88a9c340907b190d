import { problemFromAnswer } from './problem.ts';
import type { Api } from './schema.ts';

export type RouteName = keyof Api;
export type Answer<N extends RouteName> = Api[N]['answer'];

/** What a route takes: the names in its path, its query, its body, each only where it has one. */
export type Call<N extends RouteName> = ParamsOf<N> & QueryOf<N> & BodyOf<N>;

type Names<Path> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;
type ParamsOf<N extends RouteName> = [Names<N>] extends [never] ? unknown : { params: Record<Names<N>, string> };
type QueryOf<N extends RouteName> = Api[N] extends { query: infer Q } ? (object extends Q ? { query?: Q } : { query: Q }) : unknown;
type BodyOf<N extends RouteName> = Api[N] extends { body: infer B } ? { body: B } : unknown;

/**
 * Asks the server and gives its answer, by the name of a route: `api('GET /v1/orgs/{id}', { params: { id } })`. `T` narrows an
 * answer that the document describes loosely. Throws a `Problem`. A 401 refreshes the session once and asks again.
 */
export async function api<N extends RouteName, T = Answer<N>>(name: N, call: Call<N>): Promise<T> {
  const request = requestOf(name, call);
  // One key for both attempts: a write that went through before the session ended is not repeated.
  const key = randomId();
  let answer = await send(request, key);
  if (answer.status === 401 && (await refreshSession())) answer = await send(request, key);
  return (await read(answer)) as T;
}

export type Session = Answer<'GET /v1/session'>;

/** The session that the cookies carry, refreshed when it ran out, or null. */
export async function currentSession(): Promise<Session | null> {
  const answer = await send(sessionRoute('GET'), '');
  if (answer.status !== 401) return keep((await read(answer)) as Session);
  return refreshSession();
}

/** Signs in, by password or by the token of a set-up. */
export async function openSession<N extends 'POST /v1/session' | 'POST /v1/session:setup'>(name: N, body: Api[N]['body']): Promise<Session> {
  return keep((await read(await send({ ...requestOf(name, {}), body }, randomId()))) as Session);
}

export async function closeSession(): Promise<void> {
  await read(await send(sessionRoute('DELETE'), ''));
  csrf_token = null;
}

/** The routes that take a form with a file. */
type FormRoute = 'POST /v1/metering/imports' | 'POST /v1/metering/photos';

/** Sends a file; `onProgress` hears the bytes that left. fetch cannot tell, so this is an XMLHttpRequest. */
export async function upload<N extends FormRoute>(
  name: N,
  form: FormData,
  onProgress: (sent: number, total: number) => void = () => undefined,
): Promise<Answer<N>> {
  const key = randomId();
  const { address } = requestOf(name, {});
  let answer = await sendForm(address, form, key, onProgress);
  if (answer.status === 401 && (await refreshSession())) answer = await sendForm(address, form, key, onProgress);
  if (answer.status < 200 || answer.status > 299) throw problemFromAnswer(answer.status, answer.text, answer.request_id);
  return JSON.parse(answer.text) as Answer<N>;
}

let csrf_token: string | null = null;
let refreshing: Promise<Session | null> | null = null;

function keep(session: Session): Session {
  csrf_token = session.csrf_token;
  return session;
}

/**
 * Refresh tokens rotate, and one used twice ends the whole family. So only one refresh runs at a time: in this tab by the
 * promise, across tabs by a lock, and whoever waited for it first looks whether the session is good again.
 */
function refreshSession(): Promise<Session | null> {
  refreshing ??= exclusively(async () => {
    const before = await send(sessionRoute('GET'), '');
    if (before.ok) return keep((await before.json()) as Session);
    const answer = await send({ method: 'POST', address: '/v1/session:refresh' }, '');
    if (answer.status === 401 || answer.status === 403) return null;
    return keep((await read(answer)) as Session);
  }).finally(() => {
    refreshing = null;
  });
  return refreshing;
}

function exclusively<T>(work: () => Promise<T>): Promise<T> {
  // Locks exist only on https and localhost; elsewhere two tabs may, rarely, have to sign in again.
  return 'locks' in navigator ? navigator.locks.request('tallystick.session', work) : work();
}

interface HttpRequest {
  method: string;
  address: string;
  body?: unknown;
}

const sessionRoute = (method: 'GET' | 'DELETE'): HttpRequest => ({ method, address: '/v1/session' });

/** `GET /v1/orgs/{id}` and what goes into it, as a method and an address. Query values that are undefined or empty are left out. */
function requestOf(name: string, call: unknown): HttpRequest {
  const { params = {}, query = {}, body } = call as { params?: Record<string, string>; query?: Record<string, unknown>; body?: unknown };
  const [method = 'GET', path = '/'] = name.split(' ');
  const address = path.replaceAll(/\{(\w+)\}/g, (_, param: string) => encodeURIComponent(params[param] ?? ''));
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined && value !== '') search.set(key, String(value));
  return { method, address: search.size === 0 ? address : `${address}?${search}`, body };
}

async function send({ method, address, body }: HttpRequest, key: string): Promise<Response> {
  const headers = new Headers({ accept: 'application/json' });
  if (body !== undefined) headers.set('content-type', 'application/json');
  if (method !== 'GET' && csrf_token) headers.set('x-csrf-token', csrf_token);
  if (method === 'POST' && key) headers.set('idempotency-key', key);
  try {
    return await fetch(address, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), credentials: 'same-origin' });
  } catch (error) {
    throw error instanceof TypeError ? problemFromAnswer(0, '', null) : error;
  }
}

async function read(answer: Response): Promise<unknown> {
  const text = await answer.text();
  if (!answer.ok) throw problemFromAnswer(answer.status, text, answer.headers.get('x-request-id'));
  return text === '' ? undefined : JSON.parse(text);
}

interface FormAnswer {
  status: number;
  text: string;
  request_id: string | null;
}

function sendForm(
  address: string,
  form: FormData,
  key: string,
  onProgress: (sent: number, total: number) => void,
): Promise<FormAnswer> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open('POST', address);
    xhr.setRequestHeader('accept', 'application/json');
    xhr.setRequestHeader('idempotency-key', key);
    if (csrf_token) xhr.setRequestHeader('x-csrf-token', csrf_token);
    xhr.upload.onprogress = (event) => onProgress(event.loaded, event.total);
    xhr.onload = () => resolve({ status: xhr.status, text: xhr.responseText, request_id: xhr.getResponseHeader('x-request-id') });
    xhr.onerror = () => reject(problemFromAnswer(0, '', null));
    xhr.send(form);
  });
}

/** 128 random bits. `crypto.randomUUID` would need https. */
function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

