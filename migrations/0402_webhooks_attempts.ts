/** Every attempt to deliver, with what was asked and answered; and the dead letters. */
export const up = /* sql */ `
CREATE TABLE webhook_delivery_attempt (
  tenant_id uuid NOT NULL,
  delivery_id uuid NOT NULL,
  number int NOT NULL CHECK (number >= 1),
  webhook_id uuid NOT NULL,
  url text NOT NULL CHECK (length(url) <= 2000),
  -- Where the request went; null where none was made.
  address inet NULL,
  request_headers jsonb NOT NULL CHECK (jsonb_typeof(request_headers) = 'object'),
  status int NULL CHECK (status BETWEEN 100 AND 999),
  response_headers jsonb NULL CHECK (jsonb_typeof(response_headers) = 'object'),
  -- The first 64 KiB as text; null where there was none, and where it was compressed.
  response_body text NULL CHECK (length(response_body) <= 65536),
  response_cut boolean NOT NULL DEFAULT false,
  error_code text NULL CHECK (error_code ~ '^[a-z_]{1,50}$'),
  error_detail text NULL CHECK (length(error_detail) <= 500),
  started_at timestamptz NOT NULL,
  duration_ms int NOT NULL CHECK (duration_ms >= 0),
  PRIMARY KEY (tenant_id, delivery_id, number),
  FOREIGN KEY (tenant_id, delivery_id) REFERENCES webhook_delivery (tenant_id, delivery_id),
  CONSTRAINT webhook_delivery_attempt_has_outcome CHECK (status IS NOT NULL OR error_code IS NOT NULL),
  CONSTRAINT webhook_delivery_attempt_answered_by_someone CHECK (status IS NULL OR address IS NOT NULL)
);
SELECT tenant_table('webhook_delivery_attempt');
CREATE INDEX webhook_delivery_attempt_by_webhook ON webhook_delivery_attempt (tenant_id, webhook_id, started_at);
CREATE POLICY relay ON webhook_delivery_attempt TO tally_relay USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, DELETE ON webhook_delivery_attempt TO tally_relay;

CREATE TABLE webhook_dlq (
  tenant_id uuid NOT NULL,
  delivery_id uuid NOT NULL,
  webhook_id uuid NOT NULL,
  reason text NOT NULL CHECK (reason IN ('attempts_exhausted', 'endpoint_gone')),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  replayed_at timestamptz NULL,
  PRIMARY KEY (tenant_id, delivery_id),
  FOREIGN KEY (tenant_id, delivery_id) REFERENCES webhook_delivery (tenant_id, delivery_id)
);
SELECT tenant_table('webhook_dlq');
CREATE INDEX webhook_dlq_by_webhook ON webhook_dlq (tenant_id, webhook_id, delivery_id) WHERE replayed_at IS NULL;
GRANT UPDATE (replayed_at) ON webhook_dlq TO tally_app;
CREATE POLICY relay ON webhook_dlq TO tally_relay USING (true);
GRANT SELECT, DELETE ON webhook_dlq TO tally_relay;

SELECT audit_rule('W3 delivered without an attempt that was taken', $q$
  SELECT d.tenant_id, d.delivery_id FROM webhook_delivery d
   WHERE d.status = 'delivered' AND NOT EXISTS (
     SELECT FROM webhook_delivery_attempt a
      WHERE a.tenant_id = d.tenant_id AND a.delivery_id = d.delivery_id AND a.status BETWEEN 200 AND 299) $q$);
SELECT audit_rule('W4 attempts miscounted', $q$
  SELECT d.tenant_id, d.delivery_id || ' says ' || d.attempts || ', has ' || count(a.number)
    FROM webhook_delivery d LEFT JOIN webhook_delivery_attempt a ON a.tenant_id = d.tenant_id AND a.delivery_id = d.delivery_id
   GROUP BY d.tenant_id, d.delivery_id HAVING d.attempts <> count(a.number) OR d.attempts <> coalesce(max(a.number), 0) $q$);
SELECT audit_rule('W5 failed delivery that is no dead letter, or the reverse', $q$
  SELECT coalesce(d.tenant_id, q.tenant_id), coalesce(d.delivery_id, q.delivery_id)
    FROM (SELECT tenant_id, delivery_id FROM webhook_delivery WHERE status = 'failed' AND kind <> 'test') d
    FULL JOIN webhook_dlq q ON q.tenant_id = d.tenant_id AND q.delivery_id = d.delivery_id
   WHERE d.delivery_id IS NULL OR q.delivery_id IS NULL $q$);
SELECT audit_rule('W6 attempt or dead letter under another webhook than its delivery', $q$
  SELECT d.tenant_id, d.delivery_id FROM webhook_delivery d
   WHERE EXISTS (SELECT FROM webhook_delivery_attempt a WHERE a.tenant_id = d.tenant_id AND a.delivery_id = d.delivery_id AND a.webhook_id <> d.webhook_id)
      OR EXISTS (SELECT FROM webhook_dlq q WHERE q.tenant_id = d.tenant_id AND q.delivery_id = d.delivery_id AND q.webhook_id <> d.webhook_id) $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule('W3 delivered without an attempt that was taken'), drop_audit_rule('W4 attempts miscounted'),
       drop_audit_rule('W5 failed delivery that is no dead letter, or the reverse'),
       drop_audit_rule('W6 attempt or dead letter under another webhook than its delivery');
DROP TABLE webhook_dlq, webhook_delivery_attempt;
`;
