import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import pg from 'pg';
import { CodedError, defineErrors, type Fault } from '../kernel/errors.ts';
import { faultsOf } from './faults.ts';
import type { Problem } from './schemas.ts';

/** What any route may answer, whatever its room. */
export const httpErrors = defineErrors({
  malformed_request: { status: 400, title: 'The request cannot be read' },
  validation_failed: { status: 422, title: 'The request does not fit its schema' },
  not_found: { status: 404, title: 'There is nothing here' },
  method_not_allowed: { status: 405, title: 'The method is not allowed here' },
  payload_too_large: { status: 413, title: 'The body is larger than this route takes' },
  unsupported_media_type: { status: 415, title: 'The content type is not supported here' },
  forbidden: { status: 403, title: 'This key or user may not do this' },
  rate_limited: { status: 429, title: 'Too many requests' },
  conflict: { status: 409, title: 'The state of things does not allow this' },
  reference_unknown: { status: 422, title: 'Something referred to does not exist' },
  constraint_violated: { status: 422, title: 'The database refuses this value' },
  unavailable: { status: 503, title: 'The database cannot be reached at the moment' },
  shutting_down: { status: 503, title: 'The server is shutting down' },
  internal_error: { status: 500, title: 'Something went wrong here' },
  idempotency_key_reused: { status: 422, title: 'The idempotency key was used for another request' },
  idempotency_key_in_use: { status: 409, title: 'A request with this idempotency key is still running' },
  idempotency_key_invalid: { status: 400, title: 'The idempotency key is not usable' },
  cursor_invalid: { status: 400, title: 'The cursor is not usable here' },
});

/** Constraint name → the coded error that the room gives it. */
export type ConstraintErrors = Record<string, () => CodedError>;

/** Maps whatever was thrown to one coded error. `known` is false where only the log may say more. */
export function toCodedError(error: unknown, constraints: ConstraintErrors): CodedError {
  if (error instanceof CodedError) return error;
  if (error instanceof pg.DatabaseError) return fromDatabase(error, constraints);
  if (isConnectionFailure(error)) return httpErrors.unavailable({ headers: { 'retry-after': '2' }, internal: error });
  if (hasZodFastifySchemaValidationErrors(error)) {
    const where = (error as FastifyError).validationContext ?? 'body';
    const errors = error.validation.flatMap((issue) => faultsOf(issue, where));
    return validationFailed(errors);
  }
  return fromFastify(error);
}

/** The error of input that does not fit its schema. */
export function validationFailed(errors: Fault[]): CodedError {
  return httpErrors.validation_failed({ detail: summary(errors), errors });
}

export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: CodedError): FastifyReply {
  const problem: Problem = {
    type: `https://tallystick.dev/problems/${error.code}`,
    title: error.title,
    status: error.status,
    ...(error.details.detail ? { detail: error.details.detail } : {}),
    instance: request.url.split('?')[0] ?? '/',
    code: error.code,
    http_request_id: request.id,
    ...(error.details.errors ? { errors: error.details.errors } : {}),
    ...error.details.extensions,
  };
  return reply
    .status(error.status)
    .headers(error.details.headers ?? {})
    .header('x-request-id', request.id)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send(problem);
}

function summary(errors: Fault[]): string {
  const first = errors[0];
  if (!first) return 'The request does not fit its schema.';
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return `${first.pointer || 'The body'}: ${first.detail}${more}`;
}

/** Every SQLSTATE class has an answer; what only a defect can cause is a 500. */
function fromDatabase(error: pg.DatabaseError, constraints: ConstraintErrors): CodedError {
  const state = error.code ?? '';
  const named = error.constraint ? constraints[error.constraint] : undefined;
  if (named) return named();
  const internal = { state, constraint: error.constraint, table: error.table, message: error.message };
  if (state === '23505' || state === '23P01')
    return httpErrors.conflict({ detail: constraintDetail(error, 'exists already'), internal });
  if (state === '23503')
    return httpErrors.reference_unknown({ detail: constraintDetail(error, 'refers to something unknown'), internal });
  if (state === '23514' || state === '23502')
    return httpErrors.constraint_violated({ detail: constraintDetail(error, 'is not allowed'), internal });
  if (state.startsWith('22'))
    return httpErrors.constraint_violated({ detail: 'A value is out of the range that can be stored.', internal });
  if (state === '42501' && error.constraint)
    return httpErrors.conflict({ detail: 'What is on record cannot be changed.', internal });
  if (/^(08|53|57P|40|55P03|57014)/.test(state)) return httpErrors.unavailable({ headers: { 'retry-after': '2' }, internal });
  return httpErrors.internal_error({ internal: error });
}

function constraintDetail(error: pg.DatabaseError, verb: string): string {
  return error.constraint ? `${error.constraint.replaceAll('_', ' ')} ${verb}` : `A value ${verb}.`;
}

function isConnectionFailure(error: unknown): boolean {
  const { code, message, statusCode } = error as { code?: unknown; message?: unknown; statusCode?: unknown };
  // Fastify puts a status on what befell the connection of the caller, who went away in the middle of a body, say.
  if (statusCode !== undefined) return false;
  if (typeof code === 'string' && /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND)$/.test(code)) return true;
  return (
    typeof message === 'string' &&
    /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/.test(message)
  );
}

function fromFastify(error: unknown): CodedError {
  const { code, statusCode, message } = error as FastifyError;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE' || statusCode === 413) return httpErrors.payload_too_large({ detail: message });
  if (statusCode === 415) return httpErrors.unsupported_media_type({ detail: message });
  if (statusCode === 429) return httpErrors.rate_limited({ detail: message });
  if (statusCode === 404) return httpErrors.not_found({ detail: message });
  if (isMultipartFault(error)) return httpErrors.malformed_request({ detail: message });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return httpErrors.malformed_request({ detail: message });
  return httpErrors.internal_error({ internal: error });
}

/** The multipart parser throws bare errors at a body that is none. */
function isMultipartFault(error: unknown): boolean {
  const { message } = error as { message?: unknown };
  return (
    typeof message === 'string' &&
    /^Multipart: |end of multipart data|^Unsupported Content-Type\.|^The needle cannot/.test(message)
  );
}
