import type { HandlerContext } from '@connectrpc/connect';
import type { z } from 'zod';
import { faultsOf } from './faults.ts';
import { once, scopeOf } from './http.ts';
import type { Db, Postgres, Tx } from './postgres.ts';
import { validationFailed } from './problem.ts';
import { callOf } from './rpc.ts';

/** A write of a call: one transaction of the principal's tenant, with the idempotency key stored in it, as a route's command has it. */
export async function asCommand<T>(postgres: Postgres, context: HandlerContext, work: (tx: Tx) => Promise<T>): Promise<T> {
  const call = callOf(context);
  const kept = await postgres.transact(scopeOf(call), (tx) =>
    once<{ status: number; body: T; headers?: Record<string, string> }>(tx, call, async () => ({
      status: 200,
      body: await work(tx),
    })),
  );
  for (const [name, value] of Object.entries(kept.headers ?? {})) context.responseHeader.set(name, value);
  return kept.body;
}

/** A read of a call: one read-only transaction of the principal's tenant. */
export function asQuery<T>(postgres: Postgres, context: HandlerContext, work: (db: Db) => Promise<T>): Promise<T> {
  return postgres.read(scopeOf(callOf(context)), work);
}

/** What a message says, as a route's schema takes it. Throws `validation_failed` with the same faults. */
export function checked<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const faults = read.error.issues.flatMap((issue) => {
    const instancePath = issue.path.map((part) => `/${String(part)}`).join('');
    return faultsOf({ keyword: issue.code, instancePath, message: issue.message, params: issue }, 'body');
  });
  throw validationFailed(faults);
}
