/** One fault inside a request, by JSON pointer (RFC 6901) into the body, or by the parameter's name. */
export interface Fault {
  pointer: string;
  code: string;
  detail: string;
}

export interface ErrorDetails {
  /** A sentence for the caller; never holds secrets or internals. */
  detail?: string;
  errors?: Fault[];
  /** Members of the answer beyond the problem's own (RFC 9457 §3.2). */
  extensions?: Record<string, unknown>;
  /** Extra response headers, such as Retry-After. */
  headers?: Record<string, string>;
  /** For the log alone. */
  internal?: unknown;
}

/** An expected failure: mapped once, at the HTTP boundary, to RFC 9457 problem+json. */
export class CodedError extends Error {
  override readonly name = 'CodedError';
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly details: ErrorDetails;

  constructor(code: string, status: number, title: string, details: ErrorDetails) {
    super(details.detail ?? title);
    this.code = code;
    this.status = status;
    this.title = title;
    this.details = details;
  }
}

export interface ErrorKind {
  status: number;
  title: string;
}

export type ErrorFactories<Kinds extends Record<string, ErrorKind>> = {
  readonly [Code in keyof Kinds]: (details?: ErrorDetails) => CodedError;
};

/** Turns a room's closed list of codes into factories: `throw errors.sku_unknown({ detail })`. */
export function defineErrors<const Kinds extends Record<string, ErrorKind>>(kinds: Kinds): ErrorFactories<Kinds> {
  const factories = Object.entries(kinds).map(([code, kind]) => [
    code,
    (details: ErrorDetails = {}) => new CodedError(code, kind.status, kind.title, details),
  ]);
  return Object.fromEntries(factories) as ErrorFactories<Kinds>;
}
