import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, type Finished, tallystick } from '../support/processes.ts';

export const admin_key = 'tsk_live_ChaosChaosChaosChaosChaosChaos42';

/** `tallystick serve` on a data folder and a port of its own, to be killed and started again. */
export interface ChaosServer {
  address: string;
  start(): Promise<void>;
  /** Throws what the server said when it ended without being told to. */
  requireAlive(): void;
  /** SIGKILL: nothing is told, nothing is closed; PostgreSQL stays behind. */
  kill(): Promise<void>;
  /** SIGTERM, and its end. */
  stop(): Promise<Finished>;
  /** `tallystick <arguments>` on the same folder. */
  run(args: readonly string[]): Promise<Finished>;
  /** The process id of the PostgreSQL of the folder. */
  postmaster(): number;
  /** Ends whatever is left, and takes the folder away. */
  remove(): Promise<void>;
}

const ready_within_ms = 60_000;

export async function chaosServer(data_dir: string, { generation_events = '250' } = {}): Promise<ChaosServer> {
  const port = await freePort();
  const variables = {
    PORT: `${port}`,
    TALLYSTICK_DATA_DIR: data_dir,
    TALLYSTICK_LOG_LEVEL: 'error',
    TALLYSTICK_BOOTSTRAP_KEY: admin_key,
    // Small unless told, so that generations of usage are opened and closed all the time.
    TALLYSTICK_GENERATION_EVENTS: generation_events,
  };
  let serving: Command | null = null;
  let crashed: Finished | null = null;
  const server: ChaosServer = {
    address: `http://127.0.0.1:${port}`,
    async start() {
      const command = tallystick(['serve'], variables);
      serving = command;
      void command.finished.then((finished) => {
        if (serving === command) crashed = finished;
      });
      const began = performance.now();
      for (;;) {
        const address = /ready in [\d.]+ s at (http:\/\/\S+)/.exec(command.printed())?.[1];
        if (address !== undefined) {
          server.address = address;
          return;
        }
        server.requireAlive();
        if (performance.now() - began > ready_within_ms) throw new Error(`serve is not ready:\n${command.printed()}`);
        await sleep(10);
      }
    },
    requireAlive() {
      if (crashed)
        throw new Error(`serve ended by itself (${crashed.code ?? crashed.signal}):\n${crashed.stdout}${crashed.stderr}`);
    },
    async kill() {
      const command = serving;
      serving = null;
      command?.kill('SIGKILL');
      await command?.finished;
    },
    async stop() {
      const command = serving;
      if (!command) throw new Error('nothing is serving');
      serving = null;
      command.kill('SIGTERM');
      return command.finished;
    },
    run: (args) => tallystick(args, variables).finished,
    postmaster() {
      return Number.parseInt(readFileSync(join(clusterOf(data_dir), 'postmaster.pid'), 'utf8').split('\n')[0] ?? '', 10);
    },
    async remove() {
      await server.kill();
      const cluster = clusterOf(data_dir);
      if (existsSync(join(cluster, 'postmaster.pid'))) {
        signal(server.postmaster(), 'SIGQUIT');
        const began = performance.now();
        while (existsSync(join(cluster, 'postmaster.pid')) && performance.now() - began < 10_000) await sleep(20);
      }
      const elsewhere = rootOf(data_dir);
      if (elsewhere !== null) rmSync(elsewhere, { recursive: true, force: true });
      rmSync(data_dir, { recursive: true, force: true });
    },
  };
  return server;
}

/** A signal to a process that may have ended meanwhile. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** As root, a folder that others cannot reach has its database elsewhere. */
function rootOf(data_dir: string): string | null {
  const pointer = join(data_dir, 'postgres.place');
  return existsSync(pointer) ? readFileSync(pointer, 'utf8').trim() : null;
}

function clusterOf(data_dir: string): string {
  return join(rootOf(data_dir) ?? join(data_dir, 'postgres'), 'cluster');
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no free port'))));
    });
  });
}
