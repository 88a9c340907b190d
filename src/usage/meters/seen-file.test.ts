import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { seenFile } from './service/seen-file.ts';

const data_dir = mkdtempSync(join(tmpdir(), 'tallystick-seen-'));
mkdirSync(join(data_dir, 'imports'));
afterAll(() => rmSync(data_dir, { recursive: true }));

describe('the rows a file has had', () => {
  it('are told apart when most of them wait on disk, and leave nothing there', async () => {
    const seen = seenFile(data_dir, 'an-import');
    // 64 parts of 4,096 rows stay in memory; of 400,000 rows a third does not.
    for (let line = 1; line <= 400_000; line += 1) seen.add({ request_id: `row-${line}`, body: 'one', line });
    seen.add({ request_id: 'row-7', body: 'one', line: 400_001 });
    seen.add({ request_id: 'row-7', body: 'two', line: 400_002 });
    seen.add({ request_id: 'row-399999', body: 'two', line: 400_003 });
    expect(await seen.repeated(10)).toEqual({ count: 2, lines: [400_002, 400_003] });
    expect(await seen.repeated(1)).toEqual({ count: 2, lines: [400_002] });
    expect(readdirSync(join(data_dir, 'imports')).length).toBeGreaterThan(0);
    await seen.close();
    expect(readdirSync(join(data_dir, 'imports'))).toEqual([]);
  });
});
