import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Config, ConfigError } from '../platform/config.ts';

/** Listens where the configuration says. Answers the address; throws a ConfigError that says what to change. */
export async function listenOn(server: Server, { port, host }: Pick<Config, 'port' | 'host'>): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen({ port, host }, resolve);
  try {
    await promise;
  } catch (error) {
    throw asConfigError(error, { port, host });
  }
  const bound = server.address() as AddressInfo;
  return `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
}

/** What keeps a server from listening, as the variable to change. */
export function asConfigError(error: unknown, { port, host }: Pick<Config, 'port' | 'host'>): unknown {
  const problems: Record<string, string> = {
    EADDRINUSE: `PORT: ${port} is in use on ${host}. Stop what uses it, or choose another port.`,
    EACCES: `PORT: ${port} may not be used by this user. Choose one above 1023.`,
    EADDRNOTAVAIL: `HOST: ${host} is no address of this machine.`,
    ENOTFOUND: `HOST: ${host} is no address of this machine.`,
  };
  const problem = problems[(error as NodeJS.ErrnoException).code ?? ''];
  return problem === undefined ? error : new ConfigError(problem, { cause: error });
}
