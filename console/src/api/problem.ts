/** One place in a request that the server refused, as RFC 9457 answers carry them. */
export interface ProblemItem {
  pointer?: string;
  code?: string;
  detail?: string;
}

/** What `application/problem+json` carries. */
export interface ProblemBody {
  title: string;
  status: number;
  detail?: string;
  code?: string;
  http_request_id?: string;
  errors?: ProblemItem[];
}

/** A refused request, or one that got no answer (status 0). */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly body: ProblemBody;

  constructor(body: ProblemBody) {
    super(body.detail ?? body.title);
    this.body = body;
  }
}

/** Anything thrown, as something that can be shown. */
export function problemOf(error: unknown): ProblemBody {
  if (error instanceof Problem) return error.body;
  return { title: 'Something broke in the console', status: 0, detail: error instanceof Error ? error.message : String(error) };
}

/** An answer that is not 2xx, whatever its content type, as a Problem. */
export function problemFromAnswer(status: number, text: string, request_id: string | null): Problem {
  const body = parsed(text);
  if (body && typeof body.title === 'string') {
    return new Problem({ ...body, title: body.title, status, http_request_id: body.http_request_id ?? request_id ?? undefined });
  }
  return new Problem({
    title: status === 0 ? 'The server did not answer' : `The server answered ${status}`,
    status,
    detail: status === 0 ? 'Check that Tallystick is running and that this machine reaches it.' : text.slice(0, 300) || undefined,
    http_request_id: request_id ?? undefined,
  });
}

function parsed(text: string): Partial<ProblemBody> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
