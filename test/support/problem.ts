import { expect } from 'vitest';
import type { Answer } from './server.ts';

/** Every refusal, whatever is wrong: problem+json with a code and the request's id, never a failure of ours. */
export function expectProblem(answer: Answer, label: string): void {
  expect(answer.status, `${label}: ${told(answer)}`).toBeGreaterThanOrEqual(400);
  expect(answer.status, `${label}: ${told(answer)}`).toBeLessThan(500);
  expect(answer.headers['content-type'], label).toBe('application/problem+json; charset=utf-8');
  const { type, title, status, instance, code, http_request_id } = answer.body;
  expect({ type, title, status, instance, code, http_request_id }, label).toEqual({
    type: `https://tallystick.dev/problems/${code}`,
    title: expect.any(String),
    status: answer.status,
    instance: expect.any(String),
    code: expect.stringMatching(/^[a-z][a-z0-9_]+$/),
    http_request_id: answer.headers['x-request-id'],
  });
}

/** The fault is named where it is: there, on the way to it, or (a rule over several fields) within it. */
export function expectPointer(answer: Answer, pointer: string, label: string): void {
  const pointers = ((answer.body.errors ?? []) as { pointer: string }[]).map((each) => each.pointer);
  const near = pointers.filter(
    (each) => each === pointer || (each !== '' && pointer.startsWith(`${each}/`)) || each.startsWith(`${pointer}/`),
  );
  expect(near, `${label}: ${told(answer)} names ${JSON.stringify(pointers)}, not ${pointer}`).not.toEqual([]);
}

const told = ({ status, body }: Answer) => `${status} ${Buffer.isBuffer(body) ? '' : JSON.stringify(body).slice(0, 300)}`;
