import type { FastifyInstance, FastifyRequest } from 'fastify';
import { httpErrors } from './problem.ts';

/**
 * Makes routes of this part of the server get their bodies as they came, byte for byte (`rawBodyOf`): what is signed is bytes, so that nothing may read
 * them before the signature is checked. Takes `content_type` alone, or whatever is sent. `max_bytes` is the largest body.
 */
export function takeRawBodies(
  raw: FastifyInstance,
  { content_type, max_bytes }: { content_type: string; max_bytes: number },
): void {
  raw.removeAllContentTypeParsers();
  raw.addContentTypeParser(content_type, { parseAs: 'buffer', bodyLimit: max_bytes }, (_request, body, done) => done(null, body));
  raw.addHook('onRequest', async (request) => {
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity')
      throw httpErrors.unsupported_media_type({ detail: 'A signed body is sent as it is, not compressed.' });
  });
}

/** The bytes of the body; none where there is none. */
export function rawBodyOf(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

/** For routes that anybody may call: counted by address alone, for a header that is not looked at would make every request another's. */
export const limitedByAddress = { limited: 'by address' } as const;
