import { afterAll, expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { happened, outboxOf } from '../../../test/support/outbox.ts';
import { make } from '../../../test/support/webhooks.ts';
import { redispatchEvents } from '../../foundation/events/service/redispatch.ts';
import { emit } from '../../foundation/events/service.ts';
import { enqueueDeliveries } from './reactions.ts';

const t = await testDatabase();
const outbox = outboxOf(t);
afterAll(() => outbox.stop());
const router = outbox.router([enqueueDeliveries([])]);
const told = async (webhook_id: string) =>
  (await t.superuser<{ event_id: string }>('SELECT event_id FROM webhook_delivery WHERE webhook_id = $1', [webhook_id])).map(
    ({ event_id }) => event_id,
  );

it('an event that commits once an endpoint is there is told to it, also where it was recorded before', async () => {
  let event_id = '';
  const { webhook_id } = await t.transact(async (tx) => {
    event_id = await emit(tx, happened(1));
    const made = await make(t, { url: 'http://127.0.0.1:9/' });
    // The router looks while nobody sees the event yet.
    await router.drain();
    return made;
  });
  await router.drain();
  expect(await told(webhook_id)).toEqual([event_id]);
});

it('what was recorded long before an endpoint is not told to it, however often it is routed', async () => {
  const elsewhere = { tenant_id: t.other_tenant_id };
  const event_id = await t.transact((tx) => emit(tx, happened(2)), elsewhere);
  await router.drain();
  const { webhook_id } = await make(t, { url: 'http://127.0.0.1:9/' }, elsewhere);
  await t.superuser("UPDATE webhook SET listens_from = listens_from + interval '10 minutes' WHERE webhook_id = $1", [webhook_id]);
  await t.transact((tx) => redispatchEvents(tx, { event_ids: [event_id] }), elsewhere);
  await router.drain();
  expect(await told(webhook_id)).toEqual([]);
});
