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

export interface NatsOptions {
  /** False for a server that carries messages and stores none. */
  jetstream?: boolean;
  /** Who signs in; anybody may otherwise. */
  user?: { name: string; password: string };
}

/** Starts a NATS server with JetStream of its own, on the same port after each restart. */
export async function startNats(options: NatsOptions = {}): Promise<NatsServer> {
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-nats-'));
  const port = await freePort();
  const jetstream = options.jetstream === false ? [] : ['--jetstream', '--store_dir', join(folder, 'store')];
  const { name = null, password = null } = options.user ?? {};
  const user = name === null || password === null ? [] : ['--user', name, '--pass', password];
  const server = serverProcess({
    command: findServer('nats'),
    args: ['--addr', '127.0.0.1', '--port', `${port}`, ...jetstream, ...user],
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
    target: { kind: 'nats', servers: [`127.0.0.1:${port}`], user: name, password, tls: false },
    wipe: () => rmSync(join(folder, 'store'), { recursive: true, force: true }),
    close,
  };
}
