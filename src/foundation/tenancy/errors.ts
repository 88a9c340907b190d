import { defineErrors } from '../../kernel/errors.ts';

export const errors = defineErrors({
  org_not_found: { status: 404, title: 'Unknown organization' },
  project_not_found: { status: 404, title: 'Unknown project' },
  parent_org_unknown: { status: 422, title: 'Unknown parent organization' },
  org_slug_taken: { status: 409, title: 'Another organization has this slug' },
  project_name_taken: { status: 409, title: 'Another project of the organization has this name' },
  hierarchy_self_parent: { status: 422, title: 'An organization cannot be its own parent' },
  hierarchy_cycle: { status: 409, title: 'An organization cannot be below itself' },
  hierarchy_too_deep: { status: 422, title: 'The hierarchy is at most 64 deep' },
  hierarchy_own_is_root: { status: 422, title: "The tenant's own organization has no parent" },
  has_other_parent: { status: 409, title: 'The organization has another parent' },
  tenant_slug_taken: { status: 409, title: 'Another tenant has this slug' },
  test_clock_only_in_test: { status: 409, title: 'Only a test tenant has a clock of its own' },
  test_clock_backwards: { status: 409, title: 'A test clock only goes forward' },
});

/** What the database says by the name of a constraint, as this room's errors. */
export const constraints = {
  organization_org_slug: errors.org_slug_taken,
  organization_parent: errors.parent_org_unknown,
  organization_not_its_own_parent: errors.hierarchy_self_parent,
  organization_own_is_a_root: errors.hierarchy_own_is_root,
  org_hierarchy_cycle: errors.hierarchy_cycle,
  org_hierarchy_depth: errors.hierarchy_too_deep,
  project_name: errors.project_name_taken,
  tenant_slug: errors.tenant_slug_taken,
  tenant_only_test_has_clock: errors.test_clock_only_in_test,
  test_clock_forward: errors.test_clock_backwards,
};
