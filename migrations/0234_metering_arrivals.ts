/**
 * The arrival beside each key: an event of the hot or the sealed generation, which have no index by request id, is found by the key, its
 * arrival and the index over those.
 */
export const up = /* sql */ `
TRUNCATE metering_key_0, metering_key_1;
-- The transaction that stores a key stores its event.
ALTER TABLE metering_key_0 ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE metering_key_1 ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();
GRANT SELECT (key, xid) ON metering_key_0, metering_key_1 TO tally_app;

CREATE OR REPLACE FUNCTION metering_recover() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = tally, public, pg_temp SET lock_timeout = '60s' AS $$
DECLARE
  parity int;
  is_ready boolean;
  generation int;
BEGIN
  PERFORM pg_advisory_xact_lock(7310221), pg_advisory_xact_lock(7310220);
  FOR parity IN 0..1 LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM metering_key_%s WHERE key = %L)', parity, '00000000-0000-0000-0000-000000000000') INTO is_ready;
    CONTINUE WHEN is_ready;
    EXECUTE format('TRUNCATE metering_key_%s', parity);
    SELECT gen INTO generation FROM metering_generation WHERE state IN ('hot', 'sealed') AND gen % 2 = parity;
    IF FOUND THEN
      EXECUTE format('INSERT INTO metering_key_%s (key, salt, leaf, xid) SELECT metering_key(tenant_id, request_id) AS key, salt, leaf, xid FROM metering_event WHERE gen = %s ORDER BY key',
                     parity, generation);
    END IF;
    EXECUTE format('INSERT INTO metering_key_%s VALUES (%L, %L, %L)', parity, '00000000-0000-0000-0000-000000000000', '', '');
  END LOOP;
END $$;
SELECT metering_recover();
`;

export const down = /* sql */ `
REVOKE SELECT (key, xid) ON metering_key_0, metering_key_1 FROM tally_app;
ALTER TABLE metering_key_0 DROP COLUMN xid;
ALTER TABLE metering_key_1 DROP COLUMN xid;

CREATE OR REPLACE FUNCTION metering_recover() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = tally, public, pg_temp SET lock_timeout = '60s' AS $$
DECLARE
  parity int;
  is_ready boolean;
  generation int;
BEGIN
  PERFORM pg_advisory_xact_lock(7310221), pg_advisory_xact_lock(7310220);
  FOR parity IN 0..1 LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM metering_key_%s WHERE key = %L)', parity, '00000000-0000-0000-0000-000000000000') INTO is_ready;
    CONTINUE WHEN is_ready;
    EXECUTE format('TRUNCATE metering_key_%s', parity);
    SELECT gen INTO generation FROM metering_generation WHERE state IN ('hot', 'sealed') AND gen % 2 = parity;
    IF FOUND THEN
      EXECUTE format('INSERT INTO metering_key_%s (key, salt, leaf) SELECT metering_key(tenant_id, request_id) AS key, salt, leaf FROM metering_event WHERE gen = %s ORDER BY key',
                     parity, generation);
    END IF;
    EXECUTE format('INSERT INTO metering_key_%s VALUES (%L, %L, %L)', parity, '00000000-0000-0000-0000-000000000000', '', '');
  END LOOP;
END $$;
`;
