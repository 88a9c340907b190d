import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, platform, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { clock } from '../src/platform/clock.ts';
import type { Figure } from './figure.ts';

const benches: Record<string, () => Promise<Figure[]>> = {
  pricing: async () => (await import('./pricing.ts')).run(),
  ingest: async () => (await import('./ingest.ts')).run(),
  rollups: async () => (await import('./ingest.ts')).runBesideRollups(),
  billing: async () => (await import('./billing.ts')).run(),
  backtest: async () => (await import('./backtest.ts')).run(),
  usage: async () => (await import('./usage.ts')).run(),
  dispatch: async () => (await import('./dispatch.ts')).run(),
  import: async () => (await import('./import.ts')).run(),
  backbone: async () => (await import('./backbone.ts')).run(),
};

const { values, positionals } = parseArgs({ allowPositionals: true, options: { save: { type: 'string' } } });
const chosen = positionals.length > 0 ? positionals : Object.keys(benches);
const lines: string[] = ['| figure | ratio | measured |', '| --- | --- | --- |'];
for (const name of chosen) {
  const bench = benches[name];
  if (!bench) throw new RangeError(`There is no bench ${name}; there are ${Object.keys(benches).join(', ')}.`);
  for (const figure of await bench()) lines.push(`| ${figure.name} | ${figure.ratio.toFixed(2)} | ${figure.detail} |`);
}
const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'cpu'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${release()}, Node ${process.versions.node}`;
const table = `# ${clock.now().toString().slice(0, 10)}\n\n${machine}\n\n${lines.join('\n')}\n`;
process.stdout.write(table);
if (values.save !== undefined) {
  mkdirSync(new URL('results/', import.meta.url), { recursive: true });
  writeFileSync(new URL(`results/${values.save}.md`, import.meta.url), table);
}
