import { describe, expect, it } from 'vitest';
import { pageViolations } from './support/pages.ts';
import { readSources } from './support/sources.ts';
import { styleViolations } from './support/style.ts';
import { printed, type Sources } from './support/syntax.ts';

const violationsOf = (planted: Sources) => printed(styleViolations(planted));

const pages = ['README.md', 'ARCHITECTURE.md', 'STYLE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'docs'];

describe('the style of the house', () => {
  it('is kept by every file of the project', () => {
    const code = [
      'src',
      'migrations',
      'sdk',
      'bench',
      'test',
      'console/src',
      'console/vite.config.ts',
      'scripts',
      'vitest.config.ts',
    ];
    expect(printed(styleViolations(readSources([...code, ...pages])))).toEqual([]);
  });
});

describe('the pages', () => {
  it('speak of what exists, list every room, and name every table in its room', () => {
    const sources = readSources([...pages, 'src', 'sdk', 'migrations', 'bench', 'console', 'scripts', 'test', '.ci', 'LICENSE']);
    expect(printed(pageViolations(sources))).toEqual([]);
  });

  it('are refused when they do not', () => {
    const planted = {
      'README.md': 'See [the guide](docs/guide.md) and `src/main.ts`, [here](https://example.com) and `src/<floor>`.',
      'ARCHITECTURE.md': '| offer | `coupons` |',
      'src/offer/catalog/README.md': 'Owns `plan`.',
      'migrations/0100_catalog.ts': 'export const up = `CREATE TABLE plan (); CREATE TABLE product_sku ();`;',
    };
    expect(printed(pageViolations(planted))).toEqual([
      'README.md:1 speaks of docs/guide.md, which does not exist',
      'README.md:1 speaks of src/main.ts, which does not exist',
      'ARCHITECTURE.md does not list the rooms that exist: look at offer/catalog',
      'ARCHITECTURE.md does not list the rooms that exist: look at offer/coupons',
      'src/offer/catalog/README.md does not name its table product_sku',
    ]);
  });
});

describe('a line is refused', () => {
  const cases: [string, string, RegExp][] = [
    ['new Date', 'const d = new Date(2026, 1);', /take `now` as an argument/],
    ['Date.now', 'const d = Date.now();', /take `now` as an argument/],
    ['Temporal.Now', 'const d = Temporal.Now.instant();', /take `now` as an argument/],
    ['process.env', 'const p = process.env.PORT;', /src\/platform\/config\.ts/],
    ["process['env']", "const p = process['env'];", /src\/platform\/config\.ts/],
    ['parseFloat', 'const p = parseFloat(x);', /src\/kernel\/decimal\.ts/],
    ['Number.parseFloat', 'const p = Number.parseFloat(x);', /src\/kernel\/decimal\.ts/],
    ['Number', 'const p = Number(x);', /src\/kernel\/decimal\.ts/],
    ['a plus sign on a text', 'const p = +row.amount;', /src\/kernel\/decimal\.ts/],
    ['toFixed', 'const p = total.toFixed(2);', /src\/kernel\/money\.ts/],
    ['money times a number', 'const cents = line.amount * 100;', /bigint minor units/],
    ['a number less money', 'const rest = 100 - price;', /bigint minor units/],
    ['a default export', 'export default 1;', /give it a name/],
    ['any', 'const p: Array<any> = [];', /say `unknown`/],
    ['as any', 'const p = x as any;', /say `unknown`/],
    ['an empty catch', 'try { f(); } catch { /* fine */ }', /answer the error/],
    ['a catch that answers nothing', 'f().catch(() => {});', /answer the error/],
    ['postponed work', `// ${'TO'}DO later`, /open an issue/],
    ['a silenced compiler', `// ${'@ts-'}ignore`, /make the types true/],
    ['a machine path', `const p = '${['', 'work', 'main'].join('/')}';`, /make it relative/],
  ];
  it.each(cases)('%s', (_name, line, message) => {
    expect(violationsOf({ 'src/kernel/x.ts': `// A first line.\n${line}` })).toEqual([expect.stringMatching(message)]);
    expect(violationsOf({ 'src/kernel/x.ts': `// A first line.\n${line}` })[0]).toMatch(/^src\/kernel\/x\.ts:2 /);
  });

  it.each(['it.skip', 'it.only', 'describe.skip', 'test.todo', 'it.skipIf(true)', 'describe.concurrent.only', 'xit'])(
    '%s in a test',
    (call) => {
      expect(violationsOf({ 'src/kernel/x.test.ts': `${call}('a', () => 1);` })).toEqual([expect.stringMatching(/make it pass/)]);
    },
  );

  it('never for the same words in a text, or where they belong', () => {
    const text =
      "export const s = 'new Date(1) any Number(2) process.env';\nconst n = 2n * amount_minor;\nconst c = Number.parseInt('7', 10);";
    expect(violationsOf({ 'src/kernel/x.ts': text })).toEqual([]);
    expect(violationsOf({ 'src/platform/clock.ts': 'const d = Date.now();' })).toEqual([]);
    expect(violationsOf({ 'src/platform/config.ts': 'const e = process.env;' })).toEqual([]);
    expect(violationsOf({ 'console/src/ui/format.ts': 'const d = new Date(Number(x));' })).toEqual([]);
    expect(violationsOf({ 'console/vite.config.ts': 'export default {};' })).toEqual([]);
  });
});

describe('a file is refused', () => {
  it('when it is an index', () =>
    expect(violationsOf({ 'src/kernel/index.ts': '' })).toEqual([expect.stringMatching(/import the file/)]));

  it.each(['src/kernel/utils.ts', 'src/platform/utils/x.ts', 'test/support/helpers.ts'])('when it is called %s', (path) => {
    expect(violationsOf({ [path]: '' })).toEqual([expect.stringMatching(/name it after/)]);
  });

  it('from line 401', () => {
    expect(violationsOf({ 'src/kernel/x.ts': 'f();\n'.repeat(400) })).toEqual([]);
    expect(violationsOf({ 'src/kernel/x.ts': 'f();\n'.repeat(401) })).toEqual([
      expect.stringMatching(/has 401 lines.*one use case per file/),
    ]);
  });

  it('when its room has no README', () => {
    expect(violationsOf({ 'src/offer/catalog/model.ts': '' })).toEqual([
      expect.stringMatching(/^src\/offer\/catalog has no README/),
    ]);
    expect(violationsOf({ 'src/offer/catalog/model.ts': '', 'src/offer/catalog/README.md': '# Catalog' })).toEqual([]);
  });
});
