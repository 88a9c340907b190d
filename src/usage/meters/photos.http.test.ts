import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Answer, testServer } from '../../../test/support/server.ts';

const s = await testServer();
let meter_id = '';

beforeAll(async () => {
  const made = async (path: string, body: unknown) => (await s.call('POST', path, body)).body;
  await made('/v1/skus', { sku: 'water', type: 'energy', unit: 'm3' });
  const { site_id } = await made('/v1/sites', { name: 'Unit 1' });
  meter_id = (await made('/v1/meters', { site_id, identifier: 'PH-1', sku: 'water' })).meter_id;
});

const jpeg = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.from('a meter')]);
const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.from('a meter')]);

function send(content: Buffer, { field = 'file', name = 'meter.jpg', more = '' } = {}): Promise<Answer> {
  const head = `--line\r\ncontent-disposition: form-data; name="${field}"; filename="${name}"\r\ncontent-type: text/html\r\n\r\n`;
  const body = Buffer.concat([Buffer.from(more + head), content, Buffer.from('\r\n--line--\r\n')]);
  return s.call('POST', '/v1/metering/photos', body, { 'content-type': 'multipart/form-data; boundary=line' });
}

describe('a photo', () => {
  it('is what its bytes say, kept under its hash, and comes back as it was, for nothing but to be looked at', async () => {
    const { status, body: photo } = await send(jpeg, { name: '../../evil.html' });
    expect([status, photo.media_type, photo.bytes]).toEqual([201, 'image/jpeg', jpeg.length]);
    const back = await s.call('GET', `/v1/metering/photos/${photo.photo_id}`);
    expect(Buffer.compare(back.body, jpeg)).toBe(0);
    expect(back.headers).toMatchObject({
      'content-type': 'image/jpeg',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
    });
    expect(readdirSync(join(s.config.data_dir, 'photos', s.tenant.tenant_id))).toEqual([photo.sha256]);
  });

  it('again is the one that is there', async () => {
    const first = await send(png);
    expect(first.body.media_type).toBe('image/png');
    expect((await send(png)).body).toEqual(first.body);
  });

  it('belongs to a reading', async () => {
    const { photo_id } = (await send(png)).body;
    const reading = { meter_id, time: '2025-01-01T00:00:00Z', value: '1', quality: 'actual', photo_id };
    expect((await s.call('POST', '/v1/metering/readings', reading)).body.data).toMatchObject([{ photo_id }]);
    const unknown = { ...reading, time: '2025-01-02T00:00:00Z', photo_id: '01980000-0000-7000-8000-000000000000' };
    expect(await s.call('POST', '/v1/metering/readings', unknown)).toMatchObject({
      status: 422,
      body: { code: 'reading_photo_not_found' },
    });
  });

  it('is refused where it is none, too large, or not alone', async () => {
    expect(await send(Buffer.from('<svg onload="alert(1)"/>'))).toMatchObject({ status: 422, body: { code: 'photo_invalid' } });
    expect(await send(Buffer.alloc(0))).toMatchObject({ status: 422, body: { code: 'photo_invalid' } });
    expect(await send(Buffer.concat([jpeg, Buffer.alloc(8 * 1024 * 1024)]))).toMatchObject({
      status: 413,
      body: { code: 'photo_too_large' },
    });
    expect(await send(jpeg, { field: 'other' })).toMatchObject({ status: 422, body: { code: 'photo_invalid' } });
    const more = '--line\r\ncontent-disposition: form-data; name="note"\r\n\r\nhello\r\n';
    expect(await send(jpeg, { more })).toMatchObject({ status: 422, body: { code: 'photo_invalid' } });
    expect(await s.call('POST', '/v1/metering/photos', { file: 'x' })).toMatchObject({
      status: 415,
      body: { code: 'photo_not_multipart' },
    });
  });

  it('of another tenant is as unknown as any', async () => {
    const { photo_id } = (await send(jpeg)).body;
    const headers = { authorization: `Bearer ${s.other_key}` };
    expect(await s.call('GET', `/v1/metering/photos/${photo_id}`, undefined, headers)).toMatchObject({
      status: 404,
      body: { code: 'photo_not_found' },
    });
  });
});
