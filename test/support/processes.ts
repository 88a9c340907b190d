import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Command {
  pid: number;
  kill(signal: NodeJS.Signals): void;
  /** What it has printed so far. */
  printed(): string;
  finished: Promise<Finished>;
}

/** Starts `tallystick <arguments>` as a process of its own; variables of this one that begin with TALLYSTICK_ are not handed on. */
export function tallystick(args: readonly string[], variables: Readonly<Record<string, string>>): Command {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(TALLYSTICK_|DATABASE_URL$|PORT$|HOST$|NODE_OPTIONS$|VITEST)/.test(name),
  );
  const child: ChildProcess = spawn(process.execPath, ['src/main.ts', ...args], {
    cwd: root,
    env: { ...Object.fromEntries(inherited), ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return {
    pid: child.pid!,
    kill: (signal) => child.kill(signal),
    printed: () => stdout + stderr,
    finished: new Promise((resolve, reject) => {
      child.on('error', reject).on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    }),
  };
}
