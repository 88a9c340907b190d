import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findServer } from './optional-servers.ts';
import { freePort, type ServerProcess, serverProcess } from './server-process.ts';

export interface RedisServer extends ServerProcess {
  /** `redis://127.0.0.1:port`, the same after a restart. */
  url: string;
  /** Ends it and removes what it wrote. */
  close(): Promise<void>;
}

/** Starts a Redis of its own that keeps everything in memory: a restart forgets all. */
export async function startRedis(): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-redis-'));
  const port = await freePort();
  const args = ['--bind', '127.0.0.1', '--port', `${port}`, '--save', '', '--appendonly', 'no', '--dir', folder];
  const server = serverProcess({ command: findServer('redis'), args, port });
  const close = async () => {
    await server.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await server.start();
  } catch (error) {
    await close();
    throw error;
  }
  return { ...server, url: `redis://127.0.0.1:${port}`, close };
}
