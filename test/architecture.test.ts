import { describe, expect, it } from 'vitest';
import { houseViolations, rooms } from './support/house.ts';
import { readSources } from './support/sources.ts';
import { printed, type Sources } from './support/syntax.ts';

/** Two rooms with a table each, in order: `catalog` owns `plan`, and `rating`, above, owns `charge`. */
const sound: Sources = {
  'migrations/0100_catalog.ts': 'export const up = `CREATE TABLE plan (plan_id uuid)`;',
  'migrations/0330_rating.ts': 'export const up = `CREATE TABLE charge (plan_id uuid REFERENCES plan)`;',
  'src/kernel/money.ts': 'export type Money = string;',
  'src/platform/postgres.ts': 'export interface Db { rows: unknown }',
  'src/offer/catalog/model.ts': "import type { Money } from '../../kernel/money.ts';\nexport interface Plan { base: Money }",
  'src/offer/catalog/sql.ts': "import { sql } from 'kysely';\nexport const plans = () => sql`SELECT * FROM plan`;",
  'src/offer/catalog/service.ts': "export { plans } from './sql.ts';",
  'src/billing/rating/decide.ts': "import type { Plan } from '../../offer/catalog/model.ts';\nexport type Rated = Plan;",
  'src/billing/rating/sql.ts': "import { sql } from 'kysely';\nexport const charges = () => sql`SELECT * FROM charge`;",
  'src/billing/rating/service.ts': "import { plans } from '../../offer/catalog/service.ts';\nexport const rate = () => plans();",
  'src/app/compose.ts': "import { rate } from '../billing/rating/service.ts';\nexport const compose = rate;",
};

const violationsWith = (planted: Sources) => printed(houseViolations({ ...sound, ...planted }));

describe('the house', () => {
  it('stands: every import, file name, query and foreign key of the project keeps the order', () => {
    const sources = readSources(['src', 'sdk', 'migrations', 'bench', 'console', 'scripts', 'test']);
    expect(printed(houseViolations(sources))).toEqual([]);
  });

  it('names every room once', () => expect(new Set(rooms).size).toBe(rooms.length));

  it('finds nothing wrong with two rooms in order', () => expect(violationsWith({})).toEqual([]));
});

describe('an import is refused', () => {
  const cases: [string, string, string, RegExp][] = [
    [
      'upward between floors',
      'src/offer/catalog/service.ts',
      "import { rate } from '../../billing/rating/service.ts';\nrate();",
      /upward, from offer to billing/,
    ],
    [
      'upward as a type only',
      'src/offer/catalog/model.ts',
      "import type { R } from '../../billing/rating/model.ts';\nexport type S = R;",
      /upward/,
    ],
    ['upward as a re-export', 'src/offer/catalog/model.ts', "export * from '../../billing/rating/model.ts';", /upward/],
    [
      'upward inside a type',
      'src/offer/catalog/model.ts',
      "export type S = import('../../billing/rating/model.ts').R;",
      /upward/,
    ],
    [
      'upward and dynamic',
      'src/offer/catalog/service.ts',
      "export const late = () => import('../../billing/rating/service.ts');",
      /upward/,
    ],
    ['upward in a test', 'src/offer/catalog/sql.db.test.ts', "import '../../billing/rating/service.ts';", /upward/],
    [
      'sideways to the right',
      'src/billing/ledger/service.ts',
      "import '../rating/service.ts';",
      /sideways, to the right of ledger/,
    ],
    ['of app by a room', 'src/billing/rating/routes.ts', "import '../../app/compose.ts';", /rating may import kernel, pricing/],
    [
      'of a room by the platform',
      'src/platform/http.ts',
      "import '../offer/catalog/model.ts';",
      /platform may import kernel, proto$/,
    ],
    ['of the platform by pricing', 'src/pricing/engine.ts', "import '../platform/postgres.ts';", /pricing may import kernel$/],
    ["of another room's sql", 'src/billing/rating/service.ts', "import '../../offer/catalog/sql.ts';", /catalog keeps to itself/],
    [
      "of another room's decide",
      'src/billing/rating/service.ts',
      "import '../../offer/catalog/decide/plan.ts';",
      /catalog keeps to itself/,
    ],
    ["of a room's sql by app", 'src/app/compose.ts', "import '../offer/catalog/sql.ts';", /catalog keeps to itself/],
    ['of the own routes by a service', 'src/billing/rating/service.ts', "import './routes.ts';", /for src\/app alone/],
    [
      'of I/O by a decision',
      'src/billing/rating/decide.ts',
      "import type { Db } from '../../platform/postgres.ts';",
      /is pure and imports src\/platform/,
    ],
    [
      'of an I/O package by a decision',
      'src/billing/rating/decide.ts',
      "import { sql } from 'kysely';",
      /is pure and imports kysely/,
    ],
    [
      'of a room by the verifier',
      'sdk/verify/main.ts',
      "import '../../src/offer/catalog/model.ts';",
      /sdk may import kernel, pricing$/,
    ],
    ['of anything by the client', 'sdk/client/acks.ts', "import '../../src/kernel/money.ts';", /sdk\/client may import nothing/],
    ['of Node by the client', 'sdk/client/acks.ts', "import 'node:fs';", /the client runs in browsers/],
    ['of the server by the console', 'console/src/main.tsx', "import '../../src/kernel/money.ts';", /console may import nothing/],
  ];
  it.each(cases)('%s', (_name, path, source, message) => {
    const found = violationsWith({ [path]: source }).filter((line) => !line.includes('cycle of'));
    expect(found).toEqual([expect.stringMatching(message)]);
    expect(found[0]).toMatch(new RegExp(`^${path}:1 `));
  });

  it('never for looking down, at the own room or at test support', () => {
    const test =
      "import { plans } from '../../offer/catalog/service.ts';\nimport { charges } from './sql.ts';\nimport { t } from '../../../test/support/x.ts';";
    expect(violationsWith({ 'src/billing/rating/sql.db.test.ts': test, 'test/support/x.ts': 'export const t = 1;' })).toEqual([]);
  });
});

describe('a cycle is refused', () => {
  it('between two files, though each imports only types', () => {
    const found = violationsWith({
      'src/kernel/a.ts': "import type { B } from './b.ts';\nexport type A = B | 1;",
      'src/kernel/b.ts': "import type { A } from './a.ts';\nexport type B = A | 2;",
    });
    expect(found).toEqual([expect.stringContaining('cycle of files: src/kernel/a.ts → src/kernel/b.ts → src/kernel/a.ts')]);
  });

  it('between two rooms and two floors, though no two files import each other', () => {
    const found = violationsWith({
      'src/offer/catalog/errors.ts': "import type { Rated } from '../../billing/rating/model.ts';\nexport type E = Rated;",
    });
    expect(found).toContainEqual(expect.stringContaining('cycle of rooms: catalog → rating → catalog'));
    expect(found).toContainEqual(expect.stringContaining('cycle of floors: billing → offer → billing'));
  });
});

describe('a name is refused', () => {
  it.each([
    'src/offer/catalog/queries.ts',
    'src/offer/catalog/helpers/x.ts',
    'src/offer/kiosk/model.ts',
    'src/offer/model.ts',
    'src/lib/x.ts',
  ])('%s', (path) =>
    expect(violationsWith({ [path]: '' })).toEqual([expect.stringMatching(/a room has no file|in no part of the house/)]),
  );

  it('never for a folder of a name, an adapter, a README or a test', () => {
    const names = ['service/plans.ts', 'adapters/mail.ts', 'README.md', 'decide.property.test.ts', 'routes.http.test.ts'];
    expect(violationsWith(Object.fromEntries(names.map((name) => [`src/offer/catalog/${name}`, ''])))).toEqual([]);
  });
});

describe('a table is refused', () => {
  const kysely = "import { sql } from 'kysely';\n";
  const cases: [string, string, string, RegExp][] = [
    [
      "in a second room's sql",
      'src/billing/rating/sql.ts',
      `${kysely}export const q = sql\`SELECT * FROM charge c JOIN plan p USING (plan_id)\`;`,
      /names plan, a table of catalog/,
    ],
    ['in a list', 'src/billing/rating/sql.ts', `${kysely}export const q = sql\`select * from charge c, plan p\`;`, /names plan/],
    ['in a write', 'src/billing/rating/sql.ts', `${kysely}export const q = sql\`UPDATE plan SET x = 1\`;`, /names plan/],
    ['in a query builder', 'src/billing/rating/sql.ts', "export const q = (db: B) => db.selectFrom('plan');", /names plan/],
    ['in app', 'src/app/server.ts', "export const q = 'SELECT count(*) FROM plan';", /names plan/],
    [
      'outside sql.ts',
      'src/offer/catalog/service.ts',
      `${kysely}export const q = sql\`SELECT 1 FROM plan\`;`,
      /names plan outside sql.ts/,
    ],
    [
      'as a foreign key upward',
      'migrations/0101_catalog_more.ts',
      'export const up = `CREATE TABLE x (id uuid REFERENCES charge)`;',
      /refers to charge/,
    ],
    [
      "as an alteration of another room's",
      'migrations/0331_rating_more.ts',
      'export const up = `ALTER TABLE plan ADD x int`;',
      /alters plan/,
    ],
    ['in a migration of no room', 'migrations/0102_kiosk.ts', 'export const up = `CREATE TABLE kiosk ()`;', /names no room/],
  ];
  it.each(cases)('%s', (_name, path, source, message) => {
    expect(violationsWith({ [path]: source })).toEqual([expect.stringMatching(message)]);
  });

  it('never for a common table expression, a column, a comment or prose', () => {
    const source = `${kysely}export const q = sql\`WITH plan AS (SELECT 1) SELECT plan FROM plan, charge -- FROM plan\`;
      export const detail = 'choose one from plan A';`;
    expect(violationsWith({ 'src/billing/rating/sql.ts': source })).toEqual([]);
  });
});
