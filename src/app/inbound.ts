import { type InboundKinds, kindsOf } from '../foundation/providers/service/kinds.ts';
import type { Postgres } from '../platform/postgres.ts';
import type { Ingest } from '../usage/metering/model.ts';
import { meteringCorrections } from '../usage/meters/service/corrections.ts';
import { gatewayKind } from '../usage/meters/service/gateways.ts';

/** What is done with the webhooks that come in, by the kind of their endpoint. The kinds `generic` and `stripe` are told of by an event. */
export function inboundKinds({ postgres, ingest }: { postgres: Postgres; ingest: Ingest }): InboundKinds {
  return kindsOf([gatewayKind({ postgres, ingest, corrections: meteringCorrections({ postgres }) })]);
}
