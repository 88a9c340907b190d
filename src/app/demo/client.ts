import type { FastifyInstance } from 'fastify';

/** The demo is a client like any other: it speaks HTTP to the server's own routes, in process. */
export interface Client {
  post<T = Record<string, unknown>>(path: string, body: unknown): Promise<T>;
  put<T = Record<string, unknown>>(path: string, body: unknown): Promise<T>;
  get<T = Record<string, unknown>>(path: string): Promise<T>;
  upload<T = Record<string, unknown>>(
    path: string,
    fields: Record<string, string>,
    file: { name: string; content: string },
  ): Promise<T>;
}

/** Throws an Error with the problem's code and detail on any answer that is not 2xx. */
export function createClient(web: FastifyInstance, key: string): Client {
  const send = async (method: 'GET' | 'POST' | 'PUT', url: string, type?: string, payload?: string): Promise<unknown> => {
    const headers = { authorization: `Bearer ${key}`, ...(type ? { 'content-type': type } : {}) };
    const answer = await web.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
    if (answer.statusCode < 300) return answer.json();
    throw new Error(`${method} ${url} answered ${answer.statusCode}: ${answer.body.slice(0, 500)}`);
  };
  const json = 'application/json';
  return {
    post: (path, body) => send('POST', path, json, JSON.stringify(body)) as Promise<never>,
    put: (path, body) => send('PUT', path, json, JSON.stringify(body)) as Promise<never>,
    get: (path) => send('GET', path) as Promise<never>,
    upload(path, fields, file) {
      const boundary = 'tallystick-demo-boundary';
      const parts = Object.entries(fields).map(
        ([name, value]) => `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
      );
      const head = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${file.name}"\r\ncontent-type: text/csv\r\n\r\n`;
      const payload = `${parts.join('')}${head}${file.content}\r\n--${boundary}--\r\n`;
      return send('POST', path, `multipart/form-data; boundary=${boundary}`, payload) as Promise<never>;
    },
  };
}
