import type { Message } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import type { CodedError, Fault } from '../kernel/errors.ts';
import { JsonFault, parseJson } from '../kernel/json.ts';
import { ProblemSchema } from '../proto/tallystick/v1/problem_pb.ts';
import { type ConstraintErrors, httpErrors, toCodedError } from './problem.ts';

/** A status of HTTP as the code of a call. What is in no list is the class's own. */
const codes: Readonly<Record<number, Code>> = {
  400: Code.InvalidArgument,
  401: Code.Unauthenticated,
  403: Code.PermissionDenied,
  404: Code.NotFound,
  405: Code.Unimplemented,
  409: Code.FailedPrecondition,
  410: Code.NotFound,
  412: Code.FailedPrecondition,
  413: Code.ResourceExhausted,
  422: Code.InvalidArgument,
  429: Code.ResourceExhausted,
  500: Code.Internal,
  503: Code.Unavailable,
};

/** An error's details travel in a header, which proxies and clients bound. */
const most_listed = 20;

/** What a caller is told: the status by the error's own, the problem as HTTP would tell it as a detail, its headers as metadata. */
export function toConnectError(
  error: unknown,
  id: string,
  constraints: ConstraintErrors,
): { failure: ConnectError; coded: CodedError | null } {
  if (error instanceof ConnectError) return { failure: error, coded: null };
  if (error instanceof DOMException && error.name === 'AbortError')
    return { failure: new ConnectError('The call was given up.', Code.Canceled), coded: null };
  const coded = toCodedError(error, constraints);
  const code = coded.code === 'idempotency_key_in_use' ? Code.Aborted : (codes[coded.status] ?? Code.Unknown);
  const value = problemOf(coded, id, most_listed);
  return { failure: new ConnectError(coded.message, code, coded.details.headers, [{ desc: ProblemSchema, value }]), coded };
}

/** A problem as its message. */
export function problemOf({ code, title, status, details }: CodedError, id: string, most = Number.POSITIVE_INFINITY) {
  const { rejected = [] } = (details.extensions ?? {}) as { rejected?: { request_id: string | null }[] };
  return {
    code,
    title,
    status,
    detail: details.detail ?? '',
    httpRequestId: id,
    errors: (details.errors ?? []).slice(0, most),
    rejected: rejected.slice(0, most).map(({ request_id, ...rest }) => ({ ...rest, requestId: request_id ?? undefined })),
  };
}

/** Refuses a message with fields that this program does not know, as JSON with such fields is refused: they may change what it means. */
export function refuseUnknownFields(message: Message): void {
  const place = unknownIn(message, '');
  if (place === undefined) return;
  const [pointer, number] = place;
  const errors: Fault[] = [{ pointer, code: 'field_unknown', detail: `has a field ${number}, which is not known here` }];
  throw httpErrors.validation_failed({ detail: `${pointer || 'The message'}: ${errors[0]!.detail}.`, errors });
}

function unknownIn(value: unknown, pointer: string): [string, number] | undefined {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      if (typeof item !== 'object') return undefined;
      const found = unknownIn(item, `${pointer}/${index}`);
      if (found) return found;
    }
    return undefined;
  }
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return undefined;
  const { $unknown } = value as Partial<Message>;
  if ($unknown !== undefined && $unknown.length > 0) return [pointer, $unknown[0]!.no];
  for (const [name, member] of Object.entries(value)) {
    if (typeof member !== 'object' || name === '$unknown') continue;
    const found = unknownIn(member, `${pointer}/${name}`);
    if (found) return found;
  }
  return undefined;
}

/**
 * The body of a Connect call in JSON, read as strictly as any JSON here before protobuf's own reader sees it, which lets a member come
 * twice and rounds numbers. Other bodies are as they are.
 */
export function strictJsonBody<B>(
  { header, body }: { header: Headers; body: B },
  most_bytes: number,
  id: string,
): B | AsyncIterable<Uint8Array> {
  const is_plain = /^application\/json\s*(;|$)/i.test(header.get('content-type') ?? '') && !header.has('content-encoding');
  if (!is_plain) return body;
  return checked(body as AsyncIterable<Uint8Array>, most_bytes, id);
}

async function* checked(body: AsyncIterable<Uint8Array>, most_bytes: number, id: string): AsyncGenerator<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    // The reader behind refuses what is too long by its own rule.
    if (bytes > most_bytes) {
      yield* chunks;
      yield chunk;
      return;
    }
    chunks.push(chunk);
  }
  const whole = Buffer.concat(chunks);
  try {
    if (whole.length > 0) parseJson(whole);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    const { pointer, code, detail } = error;
    const refusal = httpErrors.malformed_request({ detail, errors: [{ pointer, code, detail }] });
    throw toConnectError(refusal, id, {}).failure;
  }
  yield whole;
}
