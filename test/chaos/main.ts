/**
 * Kills until something breaks, or nothing does:
 *
 *   npm run test:chaos -- --seed 1 --rounds 20
 *   npm run test:chaos -- --seed 1 --invoices 1000000
 *   npm run test:chaos -- --seed 1 --bus nats --kills 100
 *   npm run test:chaos -- --seed 1 --postgres 50
 *
 * First the server alone is killed `rounds` times under load, then server and PostgreSQL in turn, and the server while it bills. Then writers with
 * the same events go through many generations and crashes, and through every broken variant of the deduplication, which must show. With
 * `--invoices N` instead: N events, shuffled, doubled, late, voided and amended, and invoices that equal an independent calculation. With
 * `--bus nats|kafka|embedded` instead: that bus (or, with embedded, the processes that route) killed `kills` times under events. With
 * `--postgres N` instead: PostgreSQL alone stopped immediately N times under load. Prints what was counted; exits 1 at the first thing that is not as promised, with the seed that shows it again.
 */
import { strict as assert } from 'node:assert';
import { parseArgs } from 'node:util';
import { busChaos } from './bus.ts';
import { exactness, waysToBreakIt } from './exactness.ts';
import { invoiceRun } from './invoice-run.ts';
import { type StormOptions, storm } from './storm.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '20' },
    invoices: { type: 'string' },
    bus: { type: 'string' },
    kills: { type: 'string', default: '100' },
    postgres: { type: 'string' },
  },
});
const seed = whole('--seed', values.seed);
const rounds = whole('--rounds', values.rounds);
if (values.invoices !== undefined) {
  console.log(await invoiceRun({ seed, events: whole('--invoices', values.invoices), tell: (line) => console.log(line) }));
  process.exit(0);
}

if (values.bus !== undefined) {
  const { bus } = values;
  if (bus !== 'nats' && bus !== 'kafka' && bus !== 'embedded') throw new RangeError('--bus is nats, kafka or embedded.');
  const counts = await busChaos({ seed, bus, kills: whole('--kills', values.kills), tell: (line) => console.log(line) });
  console.log(counts);
  const { emitted, events, missing, twice, not_routed, defects } = counts;
  assert.deepEqual(
    { events, missing, twice, not_routed, defects },
    { events: 4 * emitted, missing: 0, twice: 0, not_routed: 0, defects: [] },
  );
  process.exit(0);
}

const stops = values.postgres === undefined ? 0 : whole('--postgres', values.postgres);
const onlyPostgres: typeof storms = [
  ['PostgreSQL killed', { events: 50 * stops, server_kills: 0, postgres_kills: stops, billing_kills: 0 }],
];
const storms: [string, Omit<StormOptions, 'seed' | 'tell'>][] = [
  ['the server killed', { events: 150 * rounds, server_kills: rounds, postgres_kills: 0, billing_kills: 0 }],
  [
    'PostgreSQL killed, and the server, also while it bills',
    { events: 50 * rounds, server_kills: Math.ceil(rounds / 5), postgres_kills: Math.ceil(rounds / 4), billing_kills: 2 },
  ],
];

for (const [at, [title, options]] of (stops > 0 ? onlyPostgres : storms).entries()) {
  console.log(`\n── ${title} (seed ${seed + at})`);
  try {
    const counts = await storm({ ...options, seed: seed + at, tell: (line) => console.log(line) });
    for (const [name, count] of Object.entries(counts)) console.log(`${name.replaceAll('_', ' ').padEnd(30)}${count}`);
  } catch (error) {
    console.error(`\nFAILED with --seed ${seed} ${stops > 0 ? `--postgres ${stops}` : `--rounds ${rounds}`}`);
    throw error;
  }
}

if (stops > 0) process.exit(0);

console.log(`\n── the same events from every writer (seed ${seed})`);
const exact = await exactness({
  seed,
  events: 3000 * rounds,
  writers: 8,
  generation_events: 2000,
  kills: Math.ceil(rounds / 5),
  tell: (line) => console.log(line),
});
console.log(exact);
const { rows, distinct, acknowledged, lost, wrong_answers, defects } = exact;
assert.deepEqual(
  { rows, distinct, acknowledged, lost, wrong_answers, defects },
  { rows: 3000 * rounds, distinct: rows, acknowledged: rows, lost: 0, wrong_answers: 0, defects: [] },
);
for (const broken of waysToBreakIt) {
  let twice = 0;
  // Some are races, which a run may happen to miss.
  for (let tries = 0; tries < 5 && twice === 0; tries += 1) {
    const found = await exactness({ seed: seed + tries, events: 20_000, writers: 8, generation_events: 400, kills: 1, broken });
    if (found.defects.includes('U6 request id that is stored twice')) twice = found.rows - found.distinct;
  }
  console.log(`${broken}: ${twice} events were stored twice`);
  assert.ok(twice > 0, `${broken}, and nobody noticed`);
}

function whole(option: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new RangeError(`${option} is a whole number.`);
  return Number.parseInt(text, 10);
}
