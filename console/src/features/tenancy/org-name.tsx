import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { orgById } from '../../api/orgs.ts';

/** The name of an organization, which leads to it. */
export function OrgName({ org_id }: { org_id: string }) {
  const name = useQuery(orgById(org_id)).data?.legal_name;
  return (
    <Link to="/organizations/$org_id" params={{ org_id }} className="rounded-sm hover:text-accent hover:underline">
      {name ?? <span className="font-mono text-xs text-ink-2">{org_id.slice(0, 8)}…</span>}
    </Link>
  );
}
