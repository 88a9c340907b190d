/** Tenants, their organizations, the tree and its closure, projects. */
export const up = /* sql */ `
CREATE TABLE tenant (
  tenant_id uuid PRIMARY KEY,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  slug slug NOT NULL,
  mode text NOT NULL CHECK (mode IN ('live', 'test')),
  test_clock_at tsok NULL,
  rounding_mode text NOT NULL DEFAULT 'half_up' CHECK (rounding_mode IN ('half_up', 'half_even')),
  created_at tsok NOT NULL,
  CONSTRAINT tenant_only_test_has_clock CHECK (mode = 'test' OR test_clock_at IS NULL)
);
CREATE UNIQUE INDEX tenant_slug ON tenant (slug);
COMMENT ON INDEX tenant_slug IS 'unique across tenants';
SELECT tenant_table('tenant');
GRANT UPDATE (name, test_clock_at, rounding_mode) ON tenant TO tally_app;
CREATE POLICY auth ON tenant FOR SELECT TO tally_auth USING (true);
CREATE POLICY due ON tenant FOR SELECT TO tally_due USING (true);
GRANT SELECT ON tenant TO tally_auth, tally_due;

CREATE FUNCTION test_clock_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.test_clock_at IS NOT NULL AND coalesce(NEW.test_clock_at, clock_timestamp()) < OLD.test_clock_at THEN
    RAISE EXCEPTION 'a test clock only goes forward' USING ERRCODE = '23514', CONSTRAINT = 'test_clock_forward';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER test_clock_forward BEFORE UPDATE OF test_clock_at ON tenant FOR EACH ROW EXECUTE FUNCTION test_clock_forward();
CREATE TRIGGER deny_delete BEFORE DELETE ON tenant FOR EACH ROW EXECUTE FUNCTION deny_change();

CREATE TABLE organization (
  tenant_id uuid NOT NULL REFERENCES tenant (tenant_id),
  org_id uuid NOT NULL,
  legal_name text NOT NULL CHECK (length(legal_name) BETWEEN 1 AND 200),
  org_slug slug NOT NULL,
  billing_email text NOT NULL CHECK (length(billing_email) BETWEEN 3 AND 254),
  default_timezone text NOT NULL,
  currency ccy NULL,
  parent_org_id uuid NULL,
  partner_tier text NULL CHECK (length(partner_tier) BETWEEN 1 AND 50),
  tax_id text NULL CHECK (length(tax_id) BETWEEN 1 AND 50),
  visibility text NOT NULL DEFAULT 'private' CHECK (visibility IN ('private', 'partners', 'public')),
  is_own boolean NOT NULL DEFAULT false,
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, org_id),
  CONSTRAINT organization_org_slug UNIQUE (tenant_id, org_slug),
  CONSTRAINT organization_parent FOREIGN KEY (tenant_id, parent_org_id) REFERENCES organization (tenant_id, org_id),
  CONSTRAINT organization_not_its_own_parent CHECK (parent_org_id <> org_id),
  -- Whoever administers a parent sees what is below it: the tenant's own organization is below nobody.
  CONSTRAINT organization_own_is_a_root CHECK (NOT is_own OR parent_org_id IS NULL),
  -- Raises 22023 for a zone that PostgreSQL does not know, so that no later query meets one.
  CONSTRAINT organization_timezone_known CHECK ((created_at::timestamptz AT TIME ZONE default_timezone) IS NOT NULL)
);
CREATE UNIQUE INDEX organization_own ON organization (tenant_id) WHERE is_own;
CREATE INDEX organization_children ON organization (tenant_id, parent_org_id, org_id) WHERE parent_org_id IS NOT NULL;
SELECT tenant_table('organization');
GRANT UPDATE (legal_name, billing_email, default_timezone, currency, parent_org_id, partner_tier, tax_id, visibility) ON organization TO tally_app;
CREATE TRIGGER deny_delete BEFORE DELETE ON organization FOR EACH ROW EXECUTE FUNCTION deny_change();

CREATE TABLE org_hierarchy (
  tenant_id uuid NOT NULL,
  ancestor_org_id uuid NOT NULL,
  descendant_org_id uuid NOT NULL,
  depth int NOT NULL,
  PRIMARY KEY (tenant_id, ancestor_org_id, descendant_org_id),
  FOREIGN KEY (tenant_id, ancestor_org_id) REFERENCES organization (tenant_id, org_id),
  FOREIGN KEY (tenant_id, descendant_org_id) REFERENCES organization (tenant_id, org_id),
  CONSTRAINT org_hierarchy_depth CHECK (depth BETWEEN 0 AND 64),
  CONSTRAINT org_hierarchy_self CHECK ((depth = 0) = (ancestor_org_id = descendant_org_id))
);
CREATE INDEX org_hierarchy_up ON org_hierarchy (tenant_id, descendant_org_id, depth);
SELECT tenant_table('org_hierarchy');
GRANT DELETE ON org_hierarchy TO tally_app;

-- The closure follows the tree by itself. Changes of one tenant's tree wait for each other: two links made at once, each
-- sound alone, could otherwise close a cycle that neither sees.
CREATE FUNCTION org_hierarchy_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO org_hierarchy VALUES (NEW.tenant_id, NEW.org_id, NEW.org_id, 0);
    IF NEW.parent_org_id IS NULL THEN RETURN NULL; END IF;
  ELSIF NEW.parent_org_id IS NOT DISTINCT FROM OLD.parent_org_id THEN
    RETURN NULL;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('org_hierarchy ' || NEW.tenant_id, 0));
  IF TG_OP = 'UPDATE' THEN
    DELETE FROM org_hierarchy h
     USING org_hierarchy below
     WHERE h.tenant_id = NEW.tenant_id AND below.tenant_id = NEW.tenant_id
       AND below.ancestor_org_id = NEW.org_id AND h.descendant_org_id = below.descendant_org_id
       AND NOT EXISTS (SELECT FROM org_hierarchy inside
                        WHERE inside.tenant_id = NEW.tenant_id AND inside.ancestor_org_id = NEW.org_id
                          AND inside.descendant_org_id = h.ancestor_org_id);
  END IF;
  IF NEW.parent_org_id IS NOT NULL THEN
    IF EXISTS (SELECT FROM org_hierarchy WHERE tenant_id = NEW.tenant_id AND ancestor_org_id = NEW.org_id
                  AND descendant_org_id = NEW.parent_org_id) THEN
      RAISE EXCEPTION 'an organization cannot be below itself' USING ERRCODE = '23514', CONSTRAINT = 'org_hierarchy_cycle';
    END IF;
    INSERT INTO org_hierarchy
    SELECT NEW.tenant_id, above.ancestor_org_id, below.descendant_org_id, above.depth + below.depth + 1
      FROM org_hierarchy above CROSS JOIN org_hierarchy below
     WHERE above.tenant_id = NEW.tenant_id AND above.descendant_org_id = NEW.parent_org_id
       AND below.tenant_id = NEW.tenant_id AND below.ancestor_org_id = NEW.org_id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER org_hierarchy_follow AFTER INSERT OR UPDATE ON organization FOR EACH ROW EXECUTE FUNCTION org_hierarchy_follow();

CREATE FUNCTION org_hierarchy_by_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF pg_trigger_depth() < 2 THEN
    RAISE EXCEPTION 'the closure is written by its trigger alone' USING ERRCODE = '42501', CONSTRAINT = 'org_hierarchy_by_trigger';
  END IF;
  RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER org_hierarchy_by_trigger BEFORE INSERT OR UPDATE OR DELETE ON org_hierarchy FOR EACH ROW EXECUTE FUNCTION org_hierarchy_by_trigger();

CREATE TABLE project (
  tenant_id uuid NOT NULL,
  project_id uuid NOT NULL,
  org_id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, project_id),
  CONSTRAINT project_name UNIQUE (tenant_id, org_id, name),
  CONSTRAINT project_of_organization UNIQUE (tenant_id, org_id, project_id),
  FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id)
);
SELECT tenant_table('project');

SELECT audit_rule('I10 closure differs from tree', $q$
  WITH RECURSIVE walk AS (
    SELECT tenant_id, org_id AS ancestor, org_id AS descendant, 0 AS depth FROM organization
    UNION ALL
    SELECT o.tenant_id, w.ancestor, o.org_id, w.depth + 1
      FROM walk w JOIN organization o ON o.tenant_id = w.tenant_id AND o.parent_org_id = w.descendant WHERE w.depth < 66)
  SELECT coalesce(w.tenant_id, h.tenant_id), coalesce(w.ancestor, h.ancestor_org_id) || ' > ' || coalesce(w.descendant, h.descendant_org_id)
    FROM walk w FULL JOIN org_hierarchy h
      ON (h.tenant_id, h.ancestor_org_id, h.descendant_org_id, h.depth) = (w.tenant_id, w.ancestor, w.descendant, w.depth)
   WHERE w.ancestor IS NULL OR h.ancestor_org_id IS NULL $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule('I10 closure differs from tree');
DROP TABLE project, org_hierarchy, organization, tenant;
DROP FUNCTION org_hierarchy_by_trigger(), org_hierarchy_follow(), test_clock_forward();
`;
