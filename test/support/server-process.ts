import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A real server that a test starts, stops, kills and pauses. */
export interface ServerProcess {
  /** Starts it, and waits until it takes connections. */
  start(): Promise<void>;
  /** Ends it the way its operator would, and waits until it is gone. */
  stop(): Promise<void>;
  /** Ends it without a word (SIGKILL). */
  kill(): Promise<void>;
  /** Stops its clock (SIGSTOP): connections stay, and nobody answers. */
  pause(): Promise<void>;
  resume(): void;
}

export interface ServerCommand {
  command: string;
  args: readonly string[];
  port: number;
  env?: Readonly<Record<string, string>>;
  /** How long it may take until it takes connections. */
  patience_ms?: number;
}

/** A server at `127.0.0.1:port`, not started yet. It does not outlive this process. */
export function serverProcess({ command, args, port, env = {}, patience_ms = 60_000 }: ServerCommand): ServerProcess {
  let running: { child: ChildProcess; gone: Promise<void>; printed: () => string } | null = null;
  const end = async (signal: NodeJS.Signals) => {
    if (!running) return;
    const { child, gone } = running;
    running = null;
    child.kill('SIGCONT');
    child.kill(signal);
    await gone;
  };
  process.once('exit', () => running?.child.kill('SIGKILL'));
  return {
    async start() {
      if (running) return;
      const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output = (output + text).slice(-20_000);
        });
      }
      let ended = false;
      const gone = new Promise<void>((resolve) => {
        child.once('error', (error) => {
          output += String(error);
          ended = true;
          resolve();
        });
        child.once('close', () => {
          ended = true;
          resolve();
        });
      });
      const made = { child, gone, printed: () => output };
      running = made;
      for (const until = performance.now() + patience_ms; !(await accepts(port)); await sleep(20)) {
        if (!ended && performance.now() < until) continue;
        await end('SIGKILL');
        throw new Error(`${command} does not answer on port ${port}:\n${made.printed()}`);
      }
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async pause() {
      running?.child.kill('SIGSTOP');
      while (running && !isStopped(running.child.pid!)) await sleep(10);
    },
    resume: () => void running?.child.kill('SIGCONT'),
  };
}

/** Where the kernel tells, whether it has taken a process off the processor; a signal takes a moment. */
function isStopped(pid: number): boolean {
  const path = `/proc/${pid}/stat`;
  return !existsSync(path) || /^\d+ \(.*\) T/.test(readFileSync(path, 'utf8'));
}

/** A port of the loopback address that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const answer = (taken: boolean) => {
      socket.destroy();
      resolve(taken);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}
