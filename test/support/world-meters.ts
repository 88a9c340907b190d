import { form, formType } from './form.ts';
import type { Sample } from './sample.ts';
import type { Answer } from './server.ts';

interface Maker {
  /** As a world's admin; throws unless it was made. */
  made(path: string, body: unknown, method?: string, headers?: Record<string, string>): Promise<Answer['body']>;
  call(method: string, path: string): Promise<Answer>;
  name: string;
}

/** What a world's meters have beside readings: a meter with gaps, reviews of each end, a rule, a gateway, a photo. */
export async function populateMeters({ made, call, name }: Maker, ids: Record<string, string>): Promise<void> {
  const daily = {
    site_id: ids.site,
    identifier: `${name}-2`,
    sku: ids.energy,
    registers: [{ register: '1', every_minutes: 1440 }],
  };
  ids.daily = (await made('/v1/meters', daily)).meter_id;
  await made('/v1/metering/readings', [
    { meter_id: ids.daily, time: '2025-01-02T00:00:00Z', value: '1', quality: 'actual' },
    { meter_id: ids.daily, time: '2025-01-05T00:00:00Z', value: '4', quality: 'actual' },
    { meter_id: ids.daily, time: '2025-01-06T00:00:00Z', value: '3', quality: 'actual' },
    { meter_id: ids.daily, time: '2025-01-07T00:00:00Z', value: '2', quality: 'actual' },
  ]);
  const waiting = (await call('GET', '/v1/metering/reviews')).body.data;
  ids.review_to_correct = waiting[0].review_id;
  ids.review_to_reject = waiting[1].review_id;
  const fallen = { meter_id: ids.meter, time: '2025-01-04T00:00:00Z', value: '2', quality: 'actual' };
  ids.held = (await made('/v1/metering/readings', fallen)).data[0].reading_id;
  ids.review = (await call('GET', '/v1/metering/reviews')).body.data[0].review_id;
  const rule = { meter_id: ids.meter, kind: 'above_max', action: 'hold', threshold: '5000' };
  ids.rule = (await made('/v1/metering/reading-rules', rule)).rule_id;
  ids.gateway = (await made('/v1/metering/gateways', { name: 'A gateway' })).gateway_id;
  ids.photo = (await made('/v1/metering/photos', form({}, photo), 'POST', { 'content-type': formType })).photo_id;
}

/** A request for each of their operations; accepting, correcting and rejecting have a review each. */
export function meterSamples(ids: Readonly<Record<string, string>>, n: string): Record<string, Sample> {
  return {
    'GET /v1/meters/{id}/gaps': {
      url: `/v1/meters/${ids.daily}/gaps?register=1&from=2025-01-01T00:00:00Z&to=2025-02-01T00:00:00Z`,
    },
    'GET /v1/meters/{id}/consumption': {
      url: `/v1/meters/${ids.meter}/consumption?register=1&from=2025-01-01T00:00:00Z&to=2025-02-01T00:00:00Z`,
    },
    'POST /v1/meters/{id}/gaps:estimate': {
      url: `/v1/meters/${ids.daily}/gaps:estimate`,
      body: { register: '1', from: '2025-01-01T00:00:00Z', to: '2025-01-10T00:00:00Z' },
    },
    'POST /v1/meters/{id}:replace': {
      url: `/v1/meters/${ids.meter}:replace`,
      body: { at: '2025-02-01T00:00:00Z', registers: [{ register: '1', final: '20', initial: '0' }] },
    },
    'POST /v1/metering/reading-rules': {
      url: '/v1/metering/reading-rules',
      body: { meter_id: ids.meter, kind: 'spike', action: 'hold', threshold: '100' },
    },
    'GET /v1/metering/reading-rules': { url: `/v1/metering/reading-rules?meter_id=${ids.meter}` },
    'DELETE /v1/metering/reading-rules/{id}': { url: `/v1/metering/reading-rules/${ids.rule}` },
    'GET /v1/metering/reviews': { url: `/v1/metering/reviews?meter_id=${ids.meter}` },
    'POST /v1/metering/reviews/{id}:accept': { url: `/v1/metering/reviews/${ids.review}:accept` },
    'POST /v1/metering/reviews/{id}:correct': {
      url: `/v1/metering/reviews/${ids.review_to_correct}:correct`,
      body: { value: '5' },
    },
    'POST /v1/metering/reviews/{id}:reject': {
      url: `/v1/metering/reviews/${ids.review_to_reject}:reject`,
      body: { reason: 'A reason' },
    },
    'POST /v1/metering/gateways': { url: '/v1/metering/gateways', body: { name: `Gateway ${n}` } },
    'GET /v1/metering/gateways': { url: '/v1/metering/gateways' },
    'POST /v1/metering/gateways/{gateway_id}:rotate': { url: `/v1/metering/gateways/${ids.gateway}:rotate`, body: {} },
    'POST /v1/metering/gateways/{gateway_id}:revoke': { url: `/v1/metering/gateways/${ids.gateway}:revoke` },
    'POST /v1/metering/photos': { url: '/v1/metering/photos', body: form({}, photo), content_type: formType },
    'GET /v1/metering/photos/{id}': { url: `/v1/metering/photos/${ids.photo}` },
  };
}

/** A WebP by its first bytes, which are plain text. */
const photo = 'RIFF0000WEBPVP8 a photo';
