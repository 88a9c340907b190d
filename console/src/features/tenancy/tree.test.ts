import { describe, expect, it } from 'vitest';
import type { Organization } from '../../api/types.ts';
import { asTree } from './tree.ts';

const org = (org_id: string, parent_org_id: string | null): Organization => ({
  org_id,
  parent_org_id,
  legal_name: org_id,
  org_slug: org_id,
  billing_email: `${org_id}@example.org`,
  default_timezone: 'UTC',
  currency: null,
  partner_tier: null,
  tax_id: null,
  is_own: false,
  visibility: 'private',
  created_at: '2026-01-01T00:00:00Z',
});

const shape = (orgs: Organization[]) => asTree(orgs).map((one) => `${'>'.repeat(one.depth)}${one.org_id}`);

describe('the tree of organizations', () => {
  it('puts children beneath their parents, whatever the order they came in', () => {
    expect(shape([org('leaf', 'mid'), org('other', null), org('mid', 'top'), org('top', null)])).toEqual([
      'other',
      'top',
      '>mid',
      '>>leaf',
    ]);
  });

  it('keeps at the root whoever’s parent is on another page', () => expect(shape([org('a', 'elsewhere')])).toEqual(['a']));
});
