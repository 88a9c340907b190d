import { problemFromAnswer } from './problem.ts';
import type { Session } from './types.ts';

export type Query = Record<string, string | number | undefined>;

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  query?: Query;
  body?: unknown;
}

/** Asks the server and gives the JSON of its answer. Throws a `Problem`. A 401 refreshes the session once and asks again. */
export async function request<T>(path: string, call: Call = {}): Promise<T> {
  // One key for both attempts: a write that went through before the session ended is not repeated.
  const key = randomId();
  let answer = await send(path, call, key);
  if (answer.status === 401 && (await refreshSession())) answer = await send(path, call, key);
  return (await read(answer)) as T;
}

/** The session that the cookies carry, refreshed when it ran out, or null. */
export async function currentSession(): Promise<Session | null> {
  const answer = await send('/v1/session', {}, '');
  if (answer.status !== 401) return keep((await read(answer)) as Session);
  return refreshSession();
}

/** `POST /v1/session`, `POST /v1/session:setup`: both answer with the new session. */
export async function openSession(path: '/v1/session' | '/v1/session:setup', body: unknown): Promise<Session> {
  return keep((await read(await send(path, { method: 'POST', body }, randomId()))) as Session);
}

export async function closeSession(): Promise<void> {
  await read(await send('/v1/session', { method: 'DELETE' }, ''));
  csrf_token = null;
}

/** Sends a form with a file; `onProgress` hears the bytes that left. fetch cannot tell, so this is an XMLHttpRequest. */
export async function upload<T>(path: string, form: FormData, onProgress: (sent: number, total: number) => void): Promise<T> {
  const key = randomId();
  let answer = await sendForm(path, form, key, onProgress);
  if (answer.status === 401 && (await refreshSession())) answer = await sendForm(path, form, key, onProgress);
  if (answer.status < 200 || answer.status > 299) throw problemFromAnswer(answer.status, answer.text, answer.request_id);
  return JSON.parse(answer.text) as T;
}

/** An address with its query, values left out that are undefined or empty. */
export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== '') search.set(name, String(value));
  return search.size === 0 ? path : `${path}?${search}`;
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
    const before = await send('/v1/session', {}, '');
    if (before.ok) return keep((await before.json()) as Session);
    const answer = await send('/v1/session:refresh', { method: 'POST' }, '');
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

async function send(path: string, call: Call, key: string): Promise<Response> {
  const method = call.method ?? 'GET';
  const headers = new Headers({ accept: 'application/json' });
  if (call.body !== undefined) headers.set('content-type', 'application/json');
  if (method !== 'GET' && csrf_token) headers.set('x-csrf-token', csrf_token);
  if (method === 'POST' && key) headers.set('idempotency-key', key);
  try {
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    return await fetch(address(path, call.query), { method, headers, body, credentials: 'same-origin' });
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

function sendForm(path: string, form: FormData, key: string, onProgress: (sent: number, total: number) => void): Promise<FormAnswer> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open('POST', path);
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

