import type { Organization } from '../../api/types.ts';

export interface TreeOrg extends Organization {
  depth: number;
}

/** Children right beneath their parents; whoever's parent is not in the list stands at the root. */
export function asTree(orgs: readonly Organization[]): TreeOrg[] {
  const known = new Set(orgs.map((org) => org.org_id));
  const children = Map.groupBy(orgs, (org) => (org.parent_org_id && known.has(org.parent_org_id) ? org.parent_org_id : ''));
  const rows: TreeOrg[] = [];
  const walk = (parent: string, depth: number) => {
    for (const org of children.get(parent) ?? []) {
      rows.push({ ...org, depth });
      walk(org.org_id, depth + 1);
    }
  };
  walk('', 0);
  return rows;
}
