import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { KeyRound, Plus } from 'lucide-react';
import { useMemo, useState } from 'react';
import { apiKeys, revokeApiKey } from '../api/access.ts';
import type { ApiKey } from '../api/types.ts';
import { NewKeyDialog } from '../features/identity/new-key-dialog.tsx';
import { useMay } from '../features/session/may.ts';
import { StatusBadge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { formatAgo, formatDate } from '../ui/dates.ts';
import { Dialog, DialogActions } from '../ui/dialog.tsx';
import { Card, Page } from '../ui/page.tsx';
import { Empty, ProblemBox, SkeletonRows } from '../ui/state.tsx';
import { type Column, DataTable } from '../ui/table.tsx';
import { announce } from '../ui/toast.tsx';

export function ApiKeysPage() {
  const list = useQuery(apiKeys);
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const may_write = useMay('keys:write');
  const columns = useMemo(() => columnsFor(may_write ? setRevoking : null), [may_write]);
  const create = may_write ? (
    <Button look="primary" onClick={() => setCreating(true)}>
      <Plus size={14} aria-hidden="true" /> New key
    </Button>
  ) : null;
  return (
    <Page title="API keys" lead="For programs. The server keeps only a hash of each." actions={create}>
      <Card flush>
        {list.error ? (
          <ProblemBox error={list.error} onRetry={list.refetch} className="m-4" />
        ) : list.isPending ? (
          <SkeletonRows label="API keys" />
        ) : list.data.data.length === 0 ? (
          <Empty icon={<KeyRound size={22} aria-hidden="true" />} title="No keys yet" action={create}>
            A key lets a program send usage or read invoices, within the scopes you give it.
          </Empty>
        ) : (
          <DataTable caption="API keys" columns={columns} rows={list.data.data} rowKey={(key) => key.api_key_id} />
        )}
      </Card>
      <NewKeyDialog open={creating} onClose={() => setCreating(false)} />
      <RevokeDialog apiKey={revoking} onClose={() => setRevoking(null)} />
    </Page>
  );
}

function columnsFor(revoke: ((key: ApiKey) => void) | null): Column<ApiKey>[] {
  return [
    { id: 'name', header: 'Name', cell: (key) => <span className="font-medium">{key.name}</span> },
    {
      id: 'prefix',
      header: 'Key',
      cell: (key) => (
        <code className="font-mono text-xs whitespace-nowrap text-ink-2">
          {key.prefix}…{key.last_four}
        </code>
      ),
    },
    { id: 'scopes', header: 'Scopes', cell: (key) => <span className="text-xs text-ink-2">{key.scopes.join(', ')}</span> },
    {
      id: 'created',
      header: 'Created',
      cell: (key) => <span className="whitespace-nowrap text-ink-2">{formatDate(key.created_at)}</span>,
    },
    {
      id: 'used',
      header: 'Last used',
      cell: (key) => (
        <span className="whitespace-nowrap text-ink-2">{key.last_used_at ? formatAgo(key.last_used_at) : 'Never'}</span>
      ),
    },
    {
      id: 'actions',
      header: '',
      align: 'right',
      cell: (key) =>
        key.revoked_at ? (
          <StatusBadge status="revoked" />
        ) : revoke === null ? null : (
          <Button size="small" look="ghost" aria-label={`Revoke ${key.name}`} onClick={() => revoke(key)}>
            Revoke
          </Button>
        ),
    },
  ];
}

function RevokeDialog({ apiKey, onClose }: { apiKey: ApiKey | null; onClose: () => void }) {
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: (key: ApiKey) => revokeApiKey(key.api_key_id),
    onSuccess: async (_, key) => {
      announce(`${key.name} no longer works`);
      onClose();
      await queries.invalidateQueries({ queryKey: apiKeys.queryKey });
    },
  });
  return (
    <Dialog
      open={apiKey !== null}
      onClose={() => {
        revoke.reset();
        onClose();
      }}
      title={`Revoke ${apiKey?.name ?? 'the key'}`}
      description="Programs that use it are refused from now on. It cannot be brought back."
    >
      {revoke.error ? <ProblemBox error={revoke.error} /> : null}
      <DialogActions>
        <Button onClick={onClose}>Keep it</Button>
        <Button look="danger" busy={revoke.isPending} onClick={() => apiKey && revoke.mutate(apiKey)}>
          Revoke
        </Button>
      </DialogActions>
    </Dialog>
  );
}
