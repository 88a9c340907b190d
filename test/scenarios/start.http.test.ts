import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { dataFolder } from '../support/data-folder.ts';
import { type Command, tallystick } from '../support/processes.ts';

/** One folder for the whole story, one start after the other, as somebody's own folder would live. */
const folder = dataFolder();
const started: Command[] = [];
let key = '';

afterEach(async () => {
  for (const command of started.splice(0)) {
    command.kill('SIGTERM');
    await command.finished;
  }
});
afterAll(() => folder.remove());

describe('the first start', () => {
  it('refuses a wrong environment, naming all that is wrong at once', async () => {
    const { code, stderr } = await serve({ PORT: '99999', TALLYSTICK_LOG_LEVEL: 'loud', DATABASE_URL: 'mysql://x' }).finished;
    for (const name of ['PORT', 'TALLYSTICK_LOG_LEVEL', 'DATABASE_URL']) expect(stderr).toContain(`${name}: `);
    expect(stderr).not.toContain('    at ');
    expect(code).toBe(1);
    expect(existsSync(join(folder.path, 'postgres'))).toBe(false);
  });

  it('survives a kill in the middle of making the database', async () => {
    const command = serve();
    const draft = () =>
      existsSync(dirname(folder.cluster())) && readdirSync(dirname(folder.cluster())).some((name) => name.startsWith('new-'));
    await until(draft);
    command.kill('SIGKILL');
    await command.finished;
    expect(existsSync(folder.cluster())).toBe(false);
  });

  it('stops everything where the port is taken, and has made no key that nobody was told', async () => {
    const other = createServer();
    const port = await new Promise<number>((resolve) => {
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port));
    });
    const { code, stderr } = await serve({ PORT: `${port}` }).finished;
    other.close();
    expect(stderr.trim()).toBe(`PORT: ${port} is in use on 127.0.0.1. Stop what uses it, or choose another port.`);
    expect(code).toBe(1);
    expect(postmaster()).toBeNull();
  });

  it('lets one of two win, who prints the address, the sign-in link and the admin key', async () => {
    const both = [serve(), serve()];
    const refused = await Promise.race(both.map((command) => command.finished));
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('Another tallystick is running on') });
    const [winner] = both.filter((command) => !command.printed().includes('Another tallystick'));
    const address = await ready(winner!);
    expect(winner!.printed()).toContain(`${address}/setup#token=ts_setup_`);
    key = /tsk_live_\w+/.exec(winner!.printed())![0];
    expect(await get(`${address}/v1/orgs`, key)).toBe(200);
  });
});

describe('a running server', () => {
  it('is not disturbed by a second start on its folder, which is refused', async () => {
    const address = await ready(serve());
    const second = await serve().finished;
    expect(second.code).toBe(1);
    expect(second.stderr.trim()).toBe(
      `Another tallystick is running on ${folder.path}. Stop it first, or choose another TALLYSTICK_DATA_DIR.`,
    );
    expect(await get(`${address}/readyz`)).toBe(200);
  });

  it('lets commands work beside it, and outlives them', async () => {
    const address = await ready(serve());
    const audits = await Promise.all([1, 2].map(() => tallystick(['audit'], variables()).finished));
    expect(audits.map(({ code, stdout }) => [code, stdout.trim()])).toEqual([
      [0, '0 defects'],
      [0, '0 defects'],
    ]);
    expect(await get(`${address}/readyz`)).toBe(200);
  });

  it('answers what it is in the middle of when it is told to stop, then stops everything', async () => {
    const command = serve();
    const address = await ready(command);
    const model = '{"code":"retail","name":"Retail","currency":"AUD"}';
    const answer = await slowly(`${address}/v1/business-models`, model, async () => {
      command.kill('SIGTERM');
      // npm hands on what the terminal sent already: one Ctrl-C, twice.
      command.kill('SIGINT');
      await until(() => command.printed().includes('finishing what runs'));
    });
    expect(answer).toBe(201);
    expect(await command.finished).toMatchObject({ code: 0, signal: null, stdout: expect.stringContaining('Stopped.\n') });
    expect(postmaster()).toBeNull();
  });

  it('brings its database back when that dies', async () => {
    const address = await ready(serve());
    process.kill(postmaster()!, 'SIGKILL');
    await until(async () => (await get(`${address}/readyz`)) === 503);
    await until(async () => (await get(`${address}/readyz`)) === 200);
    expect(await get(`${address}/v1/orgs`, key)).toBe(200);
  });
});

describe('after a SIGKILL', () => {
  it('the next start takes over the database that was left running, and stops it in the end', async () => {
    const killed = serve();
    await ready(killed);
    killed.kill('SIGKILL');
    await killed.finished;
    const left = postmaster();
    const next = serve();
    const address = await ready(next);
    expect(postmaster()).toBe(left);
    expect(next.printed()).not.toContain('tsk_live_');
    expect(await get(`${address}/v1/orgs`, key)).toBe(200);
    next.kill('SIGTERM');
    await next.finished;
    expect(postmaster()).toBeNull();
  });

  it('the next start works where the database was killed too', async () => {
    const killed = serve();
    await ready(killed);
    process.kill(postmaster()!, 'SIGKILL');
    killed.kill('SIGKILL');
    await killed.finished;
    expect(await get(`${await ready(serve())}/v1/orgs`, key)).toBe(200);
  });
});

function variables(more: Record<string, string> = {}): Record<string, string> {
  return { PORT: '0', TALLYSTICK_DATA_DIR: folder.path, TALLYSTICK_LOG_LEVEL: 'error', ...more };
}

function serve(more: Record<string, string> = {}): Command {
  const command = tallystick(['serve'], variables(more));
  started.push(command);
  return command;
}

/** The address, once the server has printed it. */
async function ready(command: Command): Promise<string> {
  const address = () => /ready in [\d.]+ s at (http:\/\/\S+)/.exec(command.printed())?.[1];
  let ended = false;
  void command.finished.then(() => {
    ended = true;
  });
  await until(() => ended || address() !== undefined);
  expect(command.printed()).toContain('is ready in');
  return address()!;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 2500; tries += 1) {
    if (await holds()) return;
    await sleep(10);
  }
  throw new Error('waited in vain');
}

function get(url: string, admin_key?: string): Promise<number> {
  const headers = new Headers(admin_key === undefined ? {} : { authorization: `Bearer ${admin_key}` });
  return fetch(url, { headers }).then(async (answer) => {
    await answer.arrayBuffer();
    return answer.status;
  });
}

/** Posts as the administrator, the body only when the server has the head and `meanwhile` is over. Answers the status. */
function slowly(url: string, body: string, meanwhile: () => Promise<void>): Promise<number> {
  const headers = {
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    'content-length': body.length,
    expect: '100-continue',
  };
  return new Promise((resolve, reject) => {
    const call = request(url, { method: 'POST', headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    call.on('error', reject);
    call.on('continue', () => {
      meanwhile().then(() => call.end(body), reject);
    });
    call.flushHeaders();
  });
}

/** The process id of the folder's PostgreSQL; null where there is none. */
function postmaster(): number | null {
  const file = join(folder.cluster(), 'postmaster.pid');
  return existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : null;
}
