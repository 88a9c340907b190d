/** The proof log: signing keys, receipts in a hash chain, the inner nodes of their Merkle tree, signed checkpoints. */
export const up = /* sql */ `
-- A moment as proofs write it: UTC, seconds always, fraction without trailing zeros. The same as utcText in src/kernel/proof.ts.
CREATE FUNCTION utc_text(moment timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT regexp_replace(to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '[.]?0+$', '') || 'Z' $$;

CREATE TABLE signing_key (
  tenant_id uuid NOT NULL REFERENCES tenant (tenant_id),
  -- RFC 7638 thumbprint of the public key: nobody can give another key the same name.
  kid text COLLATE "C" NOT NULL CHECK (kid ~ '^[A-Za-z0-9_-]{43}$'),
  alg text NOT NULL CHECK (alg IN ('PS256', 'EdDSA')),
  purpose text NOT NULL CHECK (purpose IN ('checkpoint', 'ack')),
  public_jwk jsonb NOT NULL,
  private_sealed bytea NOT NULL,
  created_at tsok NOT NULL,
  retired_at tsok NULL,
  CONSTRAINT signing_key_purpose_alg CHECK ((purpose = 'checkpoint') = (alg = 'PS256')),
  CONSTRAINT signing_key_public CHECK (public_jwk ->> 'kid' = kid AND public_jwk ->> 'alg' = alg AND NOT public_jwk ?| ARRAY['d', 'p', 'q', 'dp', 'dq', 'qi']),
  CONSTRAINT signing_key_retired_after CHECK (retired_at >= created_at),
  PRIMARY KEY (tenant_id, kid)
);
CREATE UNIQUE INDEX signing_key_current ON signing_key (tenant_id, purpose) WHERE retired_at IS NULL;
SELECT tenant_table('signing_key');
GRANT UPDATE (retired_at) ON signing_key TO tally_app;
REVOKE SELECT ON signing_key FROM tally_auditor;
GRANT SELECT (tenant_id, kid, alg, purpose, public_jwk, created_at, retired_at) ON signing_key TO tally_auditor, tally_auth;
CREATE POLICY published ON signing_key FOR SELECT TO tally_auth USING (true);

CREATE FUNCTION signing_key_retire() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.retired_at IS NOT NULL OR NEW.retired_at IS NULL
     OR (to_jsonb(NEW) - 'retired_at') IS DISTINCT FROM (to_jsonb(OLD) - 'retired_at') THEN
    RAISE EXCEPTION 'a key may only be retired, once' USING ERRCODE = '42501', CONSTRAINT = 'signing_key_retire';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER signing_key_retire BEFORE UPDATE OR DELETE ON signing_key FOR EACH ROW EXECUTE FUNCTION signing_key_retire();
ALTER TABLE signing_key ENABLE ALWAYS TRIGGER signing_key_retire;

-- The head of a tenant's log. Locking it is what makes seq gapless; peaks are the roots of its perfect subtrees, largest first.
CREATE TABLE receipt_log (
  tenant_id uuid PRIMARY KEY REFERENCES tenant (tenant_id),
  size bigint NOT NULL CHECK (size >= 0),
  head_hash sha256_hash NOT NULL,
  peaks bytea[] NOT NULL,
  CONSTRAINT receipt_log_peaks CHECK (cardinality(peaks) = bit_count(size::bit(64)))
);
SELECT tenant_table('receipt_log');
GRANT UPDATE (size, head_hash, peaks) ON receipt_log TO tally_app;

CREATE FUNCTION receipt_log_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR NEW.size < OLD.size OR NEW.tenant_id <> OLD.tenant_id THEN
    RAISE EXCEPTION 'a receipt log only grows' USING ERRCODE = '42501', CONSTRAINT = 'receipt_log_grows';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER receipt_log_grows BEFORE UPDATE OR DELETE ON receipt_log FOR EACH ROW EXECUTE FUNCTION receipt_log_grows();

CREATE TABLE receipt (
  tenant_id uuid NOT NULL REFERENCES receipt_log (tenant_id),
  seq bigint NOT NULL CHECK (seq BETWEEN 1 AND 9007199254740991),
  kind text COLLATE "C" NOT NULL CHECK (kind ~ '^[a-z][a-z_]{0,62}$'),
  subject_id uuid NOT NULL,
  payload_hash sha256_hash NOT NULL,
  prev_hash sha256_hash NOT NULL,
  hash sha256_hash NOT NULL,
  issued_at tsok NOT NULL,
  prev_seq bigint GENERATED ALWAYS AS (CASE WHEN seq > 1 THEN seq - 1 END) STORED,
  -- RFC 6962 leaf hash of the canonical statement, as receiptHash in src/kernel/proof.ts.
  CONSTRAINT receipt_hash_is_of_statement CHECK (hash = sha256('\\x00'::bytea || convert_to(
    '{"issued_at":"' || utc_text(issued_at) || '","kind":"' || kind || '","payload_hash":"' || encode(payload_hash, 'hex')
    || '","prev_hash":"' || encode(prev_hash, 'hex') || '","seq":' || seq || ',"subject_id":"' || subject_id
    || '","tenant_id":"' || tenant_id || '"}', 'UTF8'))),
  CONSTRAINT receipt_first CHECK ((seq = 1) = (prev_hash = decode(repeat('00', 32), 'hex'))),
  PRIMARY KEY (tenant_id, seq),
  UNIQUE (tenant_id, seq, hash),
  CONSTRAINT receipt_once_per_document UNIQUE (tenant_id, subject_id, kind),
  CONSTRAINT receipt_chain FOREIGN KEY (tenant_id, prev_seq, prev_hash) REFERENCES receipt (tenant_id, seq, hash)
);
SELECT tenant_table('receipt');
SELECT append_only('receipt');

-- The inner nodes of perfect subtrees: node n of level l stands over the leaves [n * 2^l, (n + 1) * 2^l). Leaves are the receipts' hashes.
CREATE TABLE receipt_node (
  tenant_id uuid NOT NULL REFERENCES receipt_log (tenant_id),
  level int NOT NULL CHECK (level BETWEEN 1 AND 53),
  node bigint NOT NULL CHECK (node >= 0),
  hash sha256_hash NOT NULL,
  PRIMARY KEY (tenant_id, level, node)
);
SELECT tenant_table('receipt_node');
SELECT append_only('receipt_node');

CREATE TABLE checkpoint (
  tenant_id uuid NOT NULL,
  size bigint NOT NULL,
  root sha256_hash NOT NULL,
  signed_at tsok NOT NULL,
  kid text COLLATE "C" NOT NULL,
  jws text COLLATE "C" NOT NULL,
  -- The checkpoint before, and the proof that its tree is the beginning of this one.
  previous_size bigint NULL CHECK (previous_size < size),
  consistency bytea[] NOT NULL,
  PRIMARY KEY (tenant_id, size),
  CONSTRAINT checkpoint_first CHECK (previous_size IS NOT NULL OR consistency = '{}'),
  CONSTRAINT checkpoint_previous_once UNIQUE (tenant_id, previous_size),
  FOREIGN KEY (tenant_id, size) REFERENCES receipt (tenant_id, seq),
  FOREIGN KEY (tenant_id, previous_size) REFERENCES checkpoint (tenant_id, size),
  FOREIGN KEY (tenant_id, kid) REFERENCES signing_key (tenant_id, kid)
);
CREATE UNIQUE INDEX checkpoint_one_first ON checkpoint (tenant_id) WHERE previous_size IS NULL;
SELECT tenant_table('checkpoint');
SELECT append_only('checkpoint');

SELECT audit_rule('P1 receipt sequence with a gap', $q$
  SELECT tenant_id, 'last ' || max(seq) || ', count ' || count(*) FROM receipt GROUP BY tenant_id HAVING max(seq) <> count(*) OR min(seq) <> 1 $q$);
SELECT audit_rule('P2 receipt that does not link to the one before', $q$
  SELECT r.tenant_id, 'seq ' || r.seq FROM receipt r LEFT JOIN receipt p ON p.tenant_id = r.tenant_id AND p.seq = r.seq - 1
   WHERE r.prev_hash IS DISTINCT FROM coalesce(p.hash, decode(repeat('00', 32), 'hex')) $q$);
SELECT audit_rule('P3 receipt log whose head is not its last receipt', $q$
  SELECT l.tenant_id, 'size ' || l.size || ', last ' || coalesce(r.seq, 0)
    FROM receipt_log l LEFT JOIN LATERAL (SELECT seq, hash FROM receipt WHERE tenant_id = l.tenant_id ORDER BY seq DESC LIMIT 1) r ON true
   WHERE l.size <> coalesce(r.seq, 0) OR l.head_hash <> coalesce(r.hash, decode(repeat('00', 32), 'hex')) $q$);
SELECT audit_rule('P4 tree node that is not the hash of its children', $q$
  WITH every AS (
    SELECT tenant_id, 0 AS level, seq - 1 AS node, hash FROM receipt UNION ALL SELECT tenant_id, level, node, hash FROM receipt_node)
  SELECT coalesce(n.tenant_id, l.tenant_id), 'level ' || coalesce(n.level, l.level + 1) || ', node ' || coalesce(n.node, l.node / 2)
    FROM (SELECT * FROM every WHERE node % 2 = 0) l
    JOIN (SELECT * FROM every WHERE node % 2 = 1) r ON (r.tenant_id, r.level, r.node) = (l.tenant_id, l.level, l.node + 1)
    FULL JOIN receipt_node n ON (n.tenant_id, n.level, n.node) = (l.tenant_id, l.level + 1, l.node / 2)
   WHERE n.hash IS DISTINCT FROM sha256('\\x01'::bytea || l.hash || r.hash) $q$);
SELECT audit_rule('P5 receipt that is not the hash of its statement', $q$
  SELECT tenant_id, 'seq ' || seq FROM receipt WHERE hash <> sha256('\\x00'::bytea || convert_to(
    '{"issued_at":"' || utc_text(issued_at) || '","kind":"' || kind || '","payload_hash":"' || encode(payload_hash, 'hex')
    || '","prev_hash":"' || encode(prev_hash, 'hex') || '","seq":' || seq || ',"subject_id":"' || subject_id
    || '","tenant_id":"' || tenant_id || '"}', 'UTF8')) $q$);
SELECT audit_rule('P6 checkpoint beyond the log', $q$
  SELECT c.tenant_id, 'size ' || c.size FROM checkpoint c LEFT JOIN receipt r ON (r.tenant_id, r.seq) = (c.tenant_id, c.size) WHERE r.seq IS NULL $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule('P1 receipt sequence with a gap');
SELECT drop_audit_rule('P2 receipt that does not link to the one before');
SELECT drop_audit_rule('P3 receipt log whose head is not its last receipt');
SELECT drop_audit_rule('P4 tree node that is not the hash of its children');
SELECT drop_audit_rule('P5 receipt that is not the hash of its statement');
SELECT drop_audit_rule('P6 checkpoint beyond the log');
DROP TABLE checkpoint, receipt_node, receipt, receipt_log, signing_key;
DROP FUNCTION signing_key_retire(), receipt_log_grows(), utc_text(timestamptz);
`;
