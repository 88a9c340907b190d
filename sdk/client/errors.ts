/** RFC 9457 with Tallystick's members: what the server says of a request that it refused. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  instance?: string;
  /** Stable, for programs. */
  code: string;
  http_request_id?: string;
  errors?: { pointer: string; code: string; detail: string }[];
  [extension: string]: unknown;
}

/** The server answered with a problem. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: Problem;
  /** What `Retry-After` asked for. */
  readonly retry_after_ms: number | null;

  constructor(problem: Problem, retry_after_ms: number | null = null) {
    super(`${problem.status} ${problem.code}: ${problem.detail ?? problem.title}`);
    this.problem = problem;
    this.retry_after_ms = retry_after_ms;
  }

  get status(): number {
    return this.problem.status;
  }

  get code(): string {
    return this.problem.code;
  }
}

/** There was no answer, or none that could be read to its end: what the server did is not known. `cause` has the reason. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}
