import type { Config } from '../../platform/config.ts';
import type { House, Part } from '../house.ts';
import { asConfigError } from '../listening.ts';
import { createServer } from '../server.ts';

/** Answers HTTP. */
export async function startApi(house: House): Promise<Part> {
  const web = await createServer(house);
  return { address: await listen(web, house.config), stop: () => drain(web) };
}

type Web = Awaited<ReturnType<typeof createServer>>;

async function listen(web: Web, { port, host }: Config): Promise<string> {
  try {
    return await web.listen({ port, host });
  } catch (error) {
    await web.close();
    throw asConfigError(error, { port, host });
  }
}

const drain_ms = 15_000;

/** Answers what has begun. A connection that was in the middle of it becomes idle only afterwards; one that hangs is cut in the end. */
async function drain(web: Web): Promise<void> {
  const sweep = setInterval(() => web.server.closeIdleConnections(), 50);
  const late = setTimeout(() => web.server.closeAllConnections(), drain_ms);
  try {
    await web.close();
  } finally {
    clearInterval(sweep);
    clearTimeout(late);
  }
}
