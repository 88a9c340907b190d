import { existsSync, readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { errorsOf, type Place, testImports } from '../../../test/support/imports.ts';
import type { ImportRequest } from './service/imports.ts';
import { listMeters } from './service/meters.ts';

const { t, newPlace, importText, stored } = await testImports();
let { org, org_id, nmi }: Place = { org: '', org_id: '', nmi: '' };
beforeEach(async () => {
  ({ org, org_id, nmi } = await newPlace());
});
const run = (content: string | Uint8Array, request: ImportRequest = { org }) => importText(content, request);
const eventsOf = (of: string) =>
  t.superuser<{ sku: string; quantity: string; time: string; quality: string; metadata: Record<string, string> }>(
    `SELECT sku, trim_scale(quantity)::text AS quantity, to_char(event_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS time,
            properties->>'quality' AS quality, metadata FROM metering_event WHERE org_id = $1 ORDER BY event_time, sku`,
    [of],
  );

describe('a NEM13 file', () => {
  const period = (suffix: string, quantity: string, { from = 'A', to = 'A', direction = 'E', unit = 'kWh' } = {}) =>
    `250,${nmi},11,1,${suffix},11,METSER123,${direction},006342.8,20230105093055,${from},,,007654.9,20230407100333,${to},,,${quantity},${unit},20230707,20230408100333,20230408091133`;
  const file = (...records: string[]) => `100,NEM13,202304101030,MDA1,Ret1\n${records.join('\n')}\n900\n`;

  it('is usage of what its registers counted, from the previous read on, in the direction it says', async () => {
    const report = await run(file(period('11', '1312.1'), '550,N,,A,', period('41', '20.5', { direction: 'I' })));
    expect(report).toMatchObject({
      status: 'completed',
      format: 'nem13',
      totals: { accepted: 2, quantities: { energy: '1312.1', 'energy-export': '20.5' } },
    });
    // 09:30:55 and 10:03:33 in UTC+10.
    expect((await eventsOf(org_id))[0]).toEqual({
      sku: 'energy',
      quantity: '1312.1',
      time: '2023-01-04T23:30:55Z',
      quality: 'A',
      metadata: { to: '2023-04-07T00:03:33Z' },
    });
    // 20.5 is no multiple of 7654.9 − 6342.8.
    expect(report.notes.map((one) => `${one.line} ${one.code}`)).toEqual(['4 quantity_differs']);
  });

  it('keeps the quality of the read that is to be trusted least, and bills no reactive energy', async () => {
    const report = await run(file(period('11', '1312.1', { to: 'S14' }), period('71', '1312.1', { unit: 'kVArh' })));
    expect(report).toMatchObject({ status: 'completed', totals: { accepted: 1, unmapped: 1 } });
    expect((await eventsOf(org_id))[0]).toMatchObject({ quality: 'S', metadata: { method: '14' } });
  });

  it('that is wrong is refused by line and reason', async () => {
    const wrong = [
      period('11', '-1'),
      period('11', '').replace('006342.8', 'x'),
      period('11', '1', { direction: 'X' }),
      period('11', '1').replace('20230407100333', '20220407100333'),
      period('11', '1', { from: 'Q' }),
      '250,short',
      '300,20230101,1',
    ];
    expect(errorsOf(await run(file(...wrong)))).toEqual([
      '2 value_invalid',
      '3 value_invalid',
      '4 direction_invalid',
      '5 time_invalid',
      '6 quality_invalid',
      '7 record_ragged',
      '8 record_unknown',
    ]);
    expect((await stored(org_id)).count).toBe(0);
  });

  it('cut short is refused', async () => {
    expect(errorsOf(await run(file(period('11', '1312.1')).slice(0, -5)))).toEqual(['2 record_cut', '2 file_truncated']);
  });
});

describe('a Green Button file', () => {
  const type = (fields: string) => `<ReadingType>${fields}</ReadingType>`;
  const reading = (start: number, value: string, more = '') =>
    `<IntervalReading>${more}<timePeriod><duration>3600</duration><start>${start}</start></timePeriod><value>${value}</value></IntervalReading>`;
  const entry = (id: string, self: string, related: string[], content: string) =>
    `<entry><id>${id}</id><link rel="self" href="${self}"/>${related.map((href) => `<link rel="related" href="${href}"/>`).join('')}<content>${content}</content></entry>`;
  const point = (kind = '0') =>
    entry(nmi, 'U/1', ['U/1/M'], `<UsagePoint><ServiceCategory><kind>${kind}</kind></ServiceCategory></UsagePoint>`);
  const channel = (n: number, fields: string, ...blocks: string[]) => [
    `<entry><id>m${n}</id><link rel="self" href="U/1/M/${n}"/><link rel="up" href="U/1/M"/><link rel="related" href="T/${n}"/><content><MeterReading/></content></entry>`,
    entry(`t${n}`, `T/${n}`, [], type(fields)),
    ...blocks.map((readings, index) =>
      entry(`b${n}${index}`, `U/1/M/${n}/B/${index}`, [], `<IntervalBlock>${readings}</IntervalBlock>`),
    ),
  ];
  const feed = (...entries: string[]) =>
    `<?xml version="1.0"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n${entries.join('\n')}\n</feed>\n`;
  /** 2023-03-01T00:00:00Z. */
  const at = 1_677_628_800;

  it('is usage by its unit, power of ten, direction and quality', async () => {
    const report = await run(
      feed(
        point(),
        // 1.5 kWh and 250 Wh taken, 2,000 kWh × 10⁻³ given back.
        ...channel(
          1,
          '<uom>72</uom><powerOfTenMultiplier>0</powerOfTenMultiplier><flowDirection>1</flowDirection>',
          `${reading(at, '1500')}${reading(at + 3600, '250', '<ReadingQuality><quality>8</quality></ReadingQuality><cost>4200</cost>')}`,
        ),
        ...channel(
          2,
          '<uom>72</uom><powerOfTenMultiplier>3</powerOfTenMultiplier><flowDirection>19</flowDirection>',
          reading(at, '2'),
        ),
      ),
    );
    expect(report).toMatchObject({
      status: 'completed',
      format: 'greenbutton',
      totals: { accepted: 3, quantities: { energy: '1.75', 'energy-export': '2' } },
    });
    const events = await eventsOf(org_id);
    expect(events).toMatchObject([
      { sku: 'energy', quantity: '1.5', time: '2023-03-01T00:00:00Z', quality: 'A', metadata: { minutes: '60' } },
      { sku: 'energy-export', quantity: '2', time: '2023-03-01T00:00:00Z' },
      {
        sku: 'energy',
        quantity: '0.25',
        time: '2023-03-01T01:00:00Z',
        quality: 'E',
        metadata: { quality_code: '8', cost: '0.042' },
      },
    ]);
  });

  it('of gas makes a SKU in the unit of the file', async () => {
    const report = await run(
      feed(point('1'), ...channel(1, '<uom>169</uom><powerOfTenMultiplier>-3</powerOfTenMultiplier>', reading(at, '37000'))),
    );
    expect(report).toMatchObject({ status: 'completed', totals: { accepted: 1, quantities: { gas: '37' } } });
    const { data } = await t.read((db) => listMeters(db, { org_ids: [org_id], limit: 10 }));
    expect(data).toMatchObject([{ sku: 'gas', registers: [{ register: 'E1', sku: 'gas', unit: 'therm' }] }]);
  });

  it('may have its types below its readings, or in no place at all', async () => {
    const [link, kind, block] = channel(1, '<uom>72</uom>', reading(at, '1000'));
    expect(await run(feed(block!, point(), link!, kind!))).toMatchObject({ status: 'completed', totals: { accepted: 1 } });
    expect(errorsOf(await run(feed(point(), block!, link!)))).toEqual(['4 link_broken']);
  });

  it('that measures the same twice, or an hour twice, is not billed twice', async () => {
    const twice = feed(point(), ...channel(1, '', reading(at, '1')), ...channel(2, '', reading(at, '1')));
    expect(errorsOf(await run(twice))).toEqual(['9 register_ambiguous']);
    expect(errorsOf(await run(feed(point(), ...channel(1, '', reading(at, '1'), reading(at + 1800, '1')))))).toEqual([
      '7 interval_repeated',
    ]);
  });

  it('of demand, averages or net flow is not billed until it is mapped', async () => {
    const report = await run(
      feed(
        point(),
        ...channel(1, '<uom>38</uom>', reading(at, '1')),
        ...channel(2, '<uom>72</uom><dataQualifier>8</dataQualifier>', reading(at, '1')),
        ...channel(3, '<uom>72</uom><flowDirection>4</flowDirection>', reading(at, '-5')),
      ),
    );
    expect(report).toMatchObject({ status: 'completed', totals: { accepted: 0, unmapped: 3 } });
    expect(report.notes.map((one) => one.code)).toEqual(['register_unmapped', 'register_unmapped', 'register_unmapped']);
  });

  it.each([
    ['entities', '<!DOCTYPE feed [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><feed>&b;</feed>', 'xml_doctype'],
    ['an entity of a file', '<!DOCTYPE feed SYSTEM "file:///etc/passwd"><feed/>', 'xml_doctype'],
    ['depth', '<a>'.repeat(40), 'xml_too_deep'],
    ['attributes', `<feed ${Array.from({ length: 40 }, (_, n) => `a${n}="1"`).join(' ')}/>`, 'xml_attributes'],
    ['one long name', `<${'a'.repeat(200_000)}/>`, 'xml_too_long'],
    ['another root', '<html><body/></html>', 'feed_missing'],
    [
      'another encoding than it says',
      Buffer.from('<?xml version="1.0" encoding="UTF-8"?><feed><title>caf\u00e9</title></feed>', 'latin1'),
      'encoding_invalid',
    ],
    ['an encoding that is not known', '<?xml version="1.0" encoding="EBCDIC"?><feed/>', 'encoding_invalid'],
    ['text that is not XML', '<feed><a></b></feed>', 'xml_invalid'],
  ])('with %s is refused by name', async (_what, content, code) => {
    const report = await run(content);
    expect(['failed', 'rejected']).toContain(report.status);
    expect(report.errors.map((one) => one.code)).toEqual([code]);
  });

  it('cut short keeps its whole readings only on demand, and says where it is cut', async () => {
    const whole = feed(point(), ...channel(1, '<uom>72</uom>', `${reading(at, '1000')}${reading(at + 3600, '2000')}`));
    const cut = whole.slice(0, whole.indexOf('2000') + 2);
    expect(errorsOf(await run(cut))).toEqual(['6 file_truncated']);
    const kept = await run(cut, { org, on_error: 'keep_good' });
    expect(kept).toMatchObject({ status: 'completed', totals: { accepted: 1, quantities: { energy: '1' } } });
    expect(errorsOf(kept)).toEqual(['6 file_truncated']);
  });
});

describe('the example files', () => {
  const folder = new URL('../../../../shared/data/meter/', import.meta.url);
  /** Billed by the kilowatt-hour: the sums of samples.test.ts, of registers of consumption and export, in the SKU's unit. */
  const billed: [string, Record<string, string>, number][] = [
    ['nem/Example_NEM12_month_solar.csv', { energy: '270.738', 'energy-export': '589.172' }, 17_856],
    ['nem/Example_NEM12_multiple_meters.csv', { energy: '21.12', 'energy-export': '5.76' }, 768],
    ['nem/Example_NEM12_multiple_quality.csv', { energy: '896.99' }, 48],
    ['nem/Example_NEM13_consumption_data.csv', { energy: '1312.1' }, 1],
    ['greenbutton/Desert_Single_Family_Jan_1_2011_to_Jan_1_2012_RetailCustomer_7.xml', { energy: '12397.107' }, 8760],
    ['greenbutton/TestGBDataHourlyNineDaysBinnedDaily.xml', { energy: '199.563' }, 216],
    ['greenbutton/gas_direct.xml', { gas: '140' }, 5],
  ];

  const here = billed.filter(([path]) => existsSync(new URL(path, folder)));

  it('are here, or their folder is not', () => expect([0, billed.length]).toContain(here.length));

  it.each(here)('%s is billed by the sums of its registers', async (path, quantities, count) => {
    const report = await run(readFileSync(new URL(path, folder)));
    expect(report).toMatchObject({ status: 'completed', totals: { accepted: count, rejected: 0, quantities } });
    expect((await stored(org_id)).count).toBe(count);
  });
});
