import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BusTarget } from '../../src/platform/config.ts';
import { findServer } from './optional-servers.ts';
import { freePort, type ServerProcess, serverProcess } from './server-process.ts';

export interface NatsServer extends ServerProcess {
  port: number;
  /** What BUS_URL would be read as. */
  target: BusTarget;
  /** Removes all that it stored, while it is stopped. */
  wipe(): void;
  /** Ends it and removes what it wrote. */
  close(): Promise<void>;
}

/** Starts a NATS server with JetStream of its own, on the same port after each restart. */
export async function startNats(options: { jetstream?: boolean } = {}): Promise<NatsServer> {
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-nats-'));
  const port = await freePort();
  const jetstream = options.jetstream === false ? [] : ['--jetstream', '--store_dir', join(folder, 'store')];
  const server = serverProcess({
    command: findServer('nats'),
    args: ['--addr', '127.0.0.1', '--port', `${port}`, ...jetstream],
    port,
  });
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
  return {
    ...server,
    port,
    target: { kind: 'nats', servers: [`127.0.0.1:${port}`], user: null, password: null, tls: false },
    wipe: () => rmSync(join(folder, 'store'), { recursive: true, force: true }),
    close,
  };
}
