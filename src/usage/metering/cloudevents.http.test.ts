import { CloudEvent, HTTP } from 'cloudevents';
import { beforeAll, expect, it } from 'vitest';
import { testServer } from '../../../test/support/server.ts';

const s = await testServer();
const path = '/v1/metering/events';
let org_id = '';
let project_id = '';
let sequence = 0;

const cloudEvent = (over: object = {}) => {
  sequence += 1;
  return {
    specversion: '1.0',
    id: `${sequence}`,
    source: '/meters/7',
    type: 'mail',
    subject: 'one',
    time: '2026-02-10T08:00:00Z',
    data: { quantity: '1.5' },
    ...over,
  };
};
const single = (body: unknown) => s.call('POST', path, body, { 'content-type': 'application/cloudevents+json' });
const batch = (body: unknown) =>
  s.call('POST', path, body, { 'content-type': 'application/cloudevents-batch+json; charset=utf-8' });
const stored = async (request_id: string) => {
  const { body } = await s.call('GET', `${path}?limit=100`);
  return body.data.find((event: { request_id: string }) => event.request_id === request_id);
};

beforeAll(async () => {
  const org = { legal_name: 'One', org_slug: 'one', billing_email: 'a@example.com', default_timezone: 'Australia/Sydney' };
  org_id = (await s.call('POST', '/v1/orgs', org)).body.org_id;
  project_id = (await s.call('POST', '/v1/projects', { org_id, name: 'A project' })).body.project_id;
  await s.call('POST', '/v1/orgs', { ...org, org_slug: 'theirs' }, { authorization: `Bearer ${s.other_key}` });
  await s.call('POST', '/v1/skus', { sku: 'mail', type: 'action', unit: 'mail' });
  await s.call('POST', '/v1/skus', { sku: 'visit', type: 'action', unit: 'visit', aggregation: 'count' });
});

it('stores a CloudEvent as the ordinary event that it stands for', async () => {
  const { status, body } = await single({
    ...cloudEvent({ id: 'a/b c', source: 'urn:meters/7' }),
    datacontenttype: 'application/json',
    dataschema: 'https://example.com/usage',
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    partition: 5,
    absent: null,
    data: { quantity: 1.5, project_id, properties: { colour: 'red' }, source: 'meter', metadata: { batch: 'x' } },
  });
  expect([status, body.accepted, body.rejected]).toEqual([202, 1, []]);
  expect(await stored('urn%3Ameters%2F7/a%2Fb%20c')).toMatchObject({
    org_id,
    project_id,
    sku: 'mail',
    quantity: '1.5',
    time: '2026-02-10T08:00:00Z',
    source: 'meter',
    properties: { colour: 'red' },
    metadata: {
      batch: 'x',
      dataschema: 'https://example.com/usage',
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      partition: 5,
    },
  });
});

it('knows an event again in every form: single, batch, binary, and as plain usage', async () => {
  const event = new CloudEvent({ ...cloudEvent({ id: 'again' }), subject: org_id, extension: 'kept' });
  const structured = HTTP.structured(event);
  const binary = HTTP.binary(event);
  const plain = {
    request_id: '%2Fmeters%2F7/again',
    sku: 'mail',
    quantity: '1.5',
    org_id,
    time: '2026-02-10T08:00:00.000Z',
    metadata: { extension: 'kept' },
  };
  const send = ({ headers, body }: { headers: object; body: unknown }) =>
    s.call('POST', path, body, headers as Record<string, string>);
  expect((await send(structured)).body).toMatchObject({ accepted: 1, duplicates: 0 });
  expect((await send(structured)).body).toMatchObject({ accepted: 0, duplicates: 1 });
  expect((await send(binary)).body).toMatchObject({ accepted: 0, duplicates: 1 });
  expect((await batch([JSON.parse(structured.body as string)])).body).toMatchObject({ accepted: 0, duplicates: 1 });
  expect((await s.call('POST', path, [plain])).body).toMatchObject({ accepted: 0, duplicates: 1 });
  expect((await single(cloudEvent({ id: 'again', data: { quantity: '2' } }))).body).toMatchObject({
    code: 'events_all_rejected',
    rejected: [{ index: 0, request_id: '%2Fmeters%2F7/again', code: 'request_id_conflict' }],
  });
});

it('takes an event of a counting SKU without data, in binary mode without a body', async () => {
  const headers = {
    'ce-specversion': '1.0',
    'ce-id': 'v%201',
    'ce-source': '"/a \\"b\\""',
    'ce-type': 'visit',
    'ce-subject': 'one',
  };
  const time = { 'ce-time': '2026-02-10T08:00:00Z', 'content-type': 'application/json' };
  const answer = await s.call('POST', path, undefined, { ...headers, 'ce-time': time['ce-time'] });
  expect([answer.status, answer.body.accepted]).toEqual([202, 1]);
  expect(await stored('%2Fa%20%22b%22/v%201')).toMatchObject({ sku: 'visit', quantity: '1', metadata: null });
  expect((await s.call('POST', path, '{}', { ...headers, ...time })).body).toMatchObject({ duplicates: 1 });
});

it('refuses percent-encoding that is no UTF-8, which would make different ids the same', async () => {
  const headers = { 'ce-specversion': '1.0', 'ce-id': 'p', 'ce-source': '/p', 'ce-type': 'mail', 'ce-subject': 'one' };
  for (const [name, value] of Object.entries({ 'ce-id': '%FF', 'ce-source': '%ED%A0%80', 'ce-type': 'a%C3', 'ce-note': '%FF' })) {
    for (const key of [{}, { 'idempotency-key': name }] as Record<string, string>[]) {
      const answer = await s.call('POST', path, { quantity: '1' }, { ...headers, [name]: value, ...key });
      expect(answer).toMatchObject({ status: 400, body: { code: 'malformed_request' } });
    }
  }
});

it('gives an idempotency key to the event, and not to its data alone', async () => {
  const send = (id: string) =>
    s.call(
      'POST',
      path,
      { quantity: '1' },
      {
        ...{ 'ce-specversion': '1.0', 'ce-id': id, 'ce-source': '/k', 'ce-type': 'mail', 'ce-subject': 'one' },
        ...{ 'ce-time': '2026-02-10T08:00:00Z', 'idempotency-key': 'binary' },
      },
    );
  const first = await send('k1');
  expect((await send('k1')).body).toEqual(first.body);
  expect((await send('k2')).body.code).toBe('idempotency_key_reused');
});

it('refuses each event of a batch by itself, by name, and takes the others', async () => {
  const cases: [over: object | string, code: string][] = [
    [{ specversion: '0.3' }, 'specversion_unsupported'],
    [{ specversion: undefined }, 'specversion_unsupported'],
    [{ id: undefined }, 'field_missing'],
    [{ id: '' }, 'field_invalid'],
    [{ source: 5 }, 'field_invalid'],
    [{ source: 'x'.repeat(300) }, 'field_invalid'],
    [{ type: null }, 'field_missing'],
    [{ subject: undefined }, 'field_missing'],
    [{ time: undefined }, 'field_missing'],
    [{ time: 'yesterday' }, 'time_invalid'],
    [{ data: undefined, data_base64: 'e30=' }, 'data_base64_unsupported'],
    [{ data: '{"quantity": 1}' }, 'field_invalid'],
    [{ datacontenttype: 'text/xml' }, 'field_invalid'],
    [{ data: { quantity: '1', colour: 'red' } }, 'field_unknown'],
    [{ data: { quantity: '1', org_id } }, 'field_unknown'],
    [{ data: {} }, 'quantity_required'],
    [{ request_id: 'r' }, 'field_invalid'],
    [{ extension: { deep: 1 } }, 'field_invalid'],
    [{ batch: 'y', data: { quantity: '1', metadata: { batch: 'x' } } }, 'field_invalid'],
    [{ extension: 'x', data: { quantity: '1', metadata: [] } }, 'field_invalid'],
    [{ subject: 'nobody' }, 'org_unknown'],
    [{ subject: 'theirs' }, 'org_unknown'],
    [{ subject: 'No Slug\u{1F600}' }, 'org_unknown'],
    [{ type: 'nothing' }, 'sku_unknown'],
    ['text', 'event_invalid'],
  ];
  const { status, body } = await batch([
    cloudEvent(),
    ...cases.map(([over]) => (typeof over === 'string' ? over : cloudEvent(over))),
  ]);
  expect([status, body.accepted]).toEqual([202, 1]);
  expect(body.rejected.map(({ index, code }: { index: number; code: string }) => [index, code])).toEqual(
    cases.map(([, code], at) => [at + 1, code]),
  );
});

it('answers bodies that hold no CloudEvents with a problem', async () => {
  const alone = await single(cloudEvent({ specversion: '2.0' }));
  expect(alone).toMatchObject({ status: 422, body: { code: 'events_all_rejected', errors: [{ pointer: '' }] } });
  expect(await single([cloudEvent()])).toMatchObject({ status: 422, body: { rejected: [{ code: 'event_invalid' }] } });
  expect(await batch(cloudEvent())).toMatchObject({ status: 422, body: { code: 'events_missing' } });
  expect(await batch([])).toMatchObject({ status: 422, body: { code: 'events_missing' } });
  expect(await single('{')).toMatchObject({ status: 400, body: { code: 'malformed_request' } });
  expect(await single('')).toMatchObject({ status: 400 });
  expect(await s.call('POST', '/v1/skus', {}, { 'content-type': 'application/cloudevents+json' })).toMatchObject({ status: 415 });
});

it('prefers the time of use that data gives to the time of the event', async () => {
  await single(cloudEvent({ id: 'later', data: { quantity: '1', time: '2026-02-01T00:00:00+11:00' } }));
  expect(await stored('%2Fmeters%2F7/later')).toMatchObject({ time: '2026-01-31T13:00:00Z' });
});

it('tells a wrong method from a wrong path', async () => {
  expect(await s.call('PUT', path, {})).toMatchObject({
    status: 405,
    body: { code: 'method_not_allowed' },
    headers: { allow: 'GET, HEAD, POST' },
  });
  expect((await s.call('DELETE', `/v1/orgs/${org_id}`)).headers.allow).toMatch(/^GET, HEAD/);
  expect(await s.call('GET', '/v1/metering/nothing')).toMatchObject({ status: 404 });
});
