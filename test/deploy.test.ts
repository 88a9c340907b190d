import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseRoles, roles } from '../src/app/roles.ts';
import { parseConfig, variables } from '../src/platform/config.ts';
import { root } from './support/sources.ts';

interface Service {
  image?: string;
  build?: { context: string; dockerfile: string };
  command?: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: object;
  stop_grace_period?: string;
}

const text = (path: string) => readFileSync(join(root, path), 'utf8');
const compose = parse(text('deploy/compose.yaml'), { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const program = Object.entries(compose.services).filter(([, { image }]) => image?.startsWith('tallystick:'));
const served = program.filter(([, { command }]) => command?.[0] === 'serve');

describe('deploy/compose.yaml', () => {
  it('has every role once, in a service of its name', () => {
    expect(served.map(([name]) => name).sort()).toEqual([...roles].sort());
    for (const [name, { command }] of served) expect([name, parseRoles(command![2])]).toEqual([name, [name]]);
  });

  it('sets variables that the program reads, to values that it takes', () => {
    for (const [name, { environment = {} }] of program) {
      expect([name, Object.keys(environment).filter((variable) => !variables.includes(variable))]).toEqual([name, []]);
      const filled = Object.fromEntries(Object.entries(environment).map(([variable, value]) => [variable, interpolated(value)]));
      expect(parseConfig(filled, '/app')).toMatchObject({ bus: { kind: 'nats' }, redis_url: 'redis://redis:6379' });
    }
  });

  it('asks for no variable that .env.example does not explain', () => {
    const asked = new Set([...text('deploy/compose.yaml').matchAll(/\$\{(\w+)/g)].map(([, name]) => name!));
    const explained = text('deploy/.env.example').matchAll(/^(\w+)=/gm);
    expect([...explained].map(([, name]) => name!).sort()).toEqual([...asked].sort());
  });

  it('starts nothing before what it stands on is healthy, and gives each time to end', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      const below = Object.entries(service.depends_on ?? {});
      for (const [other, { condition }] of below) {
        expect([name, other, Object.keys(compose.services).includes(other)]).toEqual([name, other, true]);
        if (condition === 'service_healthy') expect([other, 'healthcheck' in compose.services[other]!]).toEqual([other, true]);
      }
    }
    for (const [name, { stop_grace_period, depends_on }] of served) {
      expect([name, Number.parseInt(stop_grace_period ?? '0', 10) > 30]).toEqual([name, true]);
      expect([name, depends_on?.migrate]).toEqual([name, { condition: 'service_completed_successfully' }]);
    }
  });

  it('names files and volumes that are there', () => {
    for (const { build, volumes = [] } of Object.values(compose.services)) {
      if (build) expect(existsSync(join(root, 'deploy', build.context, build.dockerfile))).toBe(true);
      for (const [source = ''] of volumes.map((volume) => volume.split(':'))) {
        expect(source.startsWith('.') ? existsSync(join(root, 'deploy', source)) : source in compose.volumes).toBe(true);
      }
    }
    expect(text('deploy/nats.conf')).toMatch(/sync_interval: always/);
  });

  it('copies into the image what the program is made of', () => {
    const copied = [...text('deploy/Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names]) =>
      names!.split(' '),
    );
    for (const name of copied) expect([name, existsSync(join(root, name))]).toEqual([name, true]);
    for (const name of ['src', 'sdk', 'migrations', 'proto']) expect(copied).toContain(name);
  });
});

/** `${NAME:-default}` as compose puts it in, what has no default as somebody would fill it in. */
function interpolated(value: string): string {
  const given: Record<string, string> = {
    POSTGRES_PASSWORD: 'f00d',
    TALLYSTICK_MASTER_KEY: Buffer.alloc(32).toString('base64'),
    TALLYSTICK_METRICS_TOKEN: 'f00df00df00df00d',
  };
  return value.replace(/\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}/g, (_all, name: string, otherwise = '') => given[name] ?? otherwise);
}
