import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { planById, skus } from '../api/catalog.ts';
import { changeDraft, discardDraft, draftById } from '../api/pricing.ts';
import type { PlanDetail, PriceDraft } from '../api/types.ts';
import { DraftChanges } from '../features/catalog/draft-changes.tsx';
import { PriceEditor } from '../features/catalog/price-editor.tsx';
import { BacktestButton } from '../features/rating/backtest-dialog.tsx';
import { PublishCard } from '../features/rating/publish-card.tsx';
import { useMay } from '../features/session/may.ts';
import { StatusBadge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { cx } from '../ui/cx.ts';
import { TextField } from '../ui/field.tsx';
import { Card, Page } from '../ui/page.tsx';
import { Select } from '../ui/select.tsx';
import { HeadingSkeleton, ProblemBox, Skeleton } from '../ui/state.tsx';
import { announce, announceProblem } from '../ui/toast.tsx';

/** A draft: its prices to edit, what they would change, and the way to publishing them. */
export function DraftPage() {
  const { draft_id } = useParams({ from: '/signed/drafts/$draft_id' });
  const draft = useQuery(draftById(draft_id));
  const plan = useQuery({ ...planById(draft.data?.plan_id ?? ''), enabled: draft.data !== undefined });
  const error = draft.error ?? plan.error;
  const ready = draft.data && plan.data ? { draft: draft.data, plan: plan.data } : null;
  return (
    <Page
      title={draft.data?.name ?? 'Price draft'}
      trail={<Link to="/drafts">Price drafts</Link>}
      heading={
        draft.data ? (
          <span className="flex items-center gap-2">
            {draft.data.name} <StatusBadge status={draft.data.status} />
          </span>
        ) : (
          <HeadingSkeleton title="Price draft" />
        )
      }
      lead={
        plan.data ? (
          <>
            a change of{' '}
            <Link to="/plans/$plan_id" params={{ plan_id: plan.data.plan_id }} search={{}} className="hover:text-ink">
              {plan.data.name}
            </Link>
          </>
        ) : null
      }
      actions={ready ? <Actions draft={ready.draft} /> : null}
    >
      {error ? (
        <ProblemBox error={error} onRetry={draft.refetch} />
      ) : ready ? (
        <Draft {...ready} />
      ) : (
        <Skeleton className="h-96 rounded-xl" />
      )}
    </Page>
  );
}

function Actions({ draft }: { draft: PriceDraft }) {
  const queries = useQueryClient();
  const may = useMay('catalog:write');
  const discard = useMutation({
    mutationFn: () => discardDraft(draft.draft_id),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['drafts'] }),
    onError: announceProblem,
  });
  if (draft.status !== 'draft') return null;
  return (
    <>
      {may ? (
        <Button look="danger" busy={discard.isPending} onClick={() => discard.mutate()}>
          Discard
        </Button>
      ) : null}
      <BacktestButton plan_id={draft.plan_id} draft_id={draft.draft_id} />
    </>
  );
}

function Draft({ draft, plan }: { draft: PriceDraft; plan: PlanDetail }) {
  const search = useSearch({ from: '/signed/drafts/$draft_id' });
  const navigate = useNavigate({ from: '/drafts/$draft_id' });
  const known = useQuery(skus).data?.data ?? [];
  const unitOf = (sku: string) => known.find((one) => one.sku === sku)?.unit ?? 'unit';
  const own = [
    ...new Set([...plan.skus.map((one) => one.sku), ...Object.keys(draft.skus), ...(search.sku ? [search.sku] : [])]),
  ].sort();
  const chosen = search.sku ?? Object.keys(draft.skus)[0] ?? own[0];
  const others = known.filter((one) => !own.includes(one.sku));
  const open = (sku: string) => navigate({ search: { sku }, replace: true });
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[15rem_minmax(0,1fr)]">
      <div className="flex flex-col gap-4">
        <nav aria-label="SKUs of the draft" className="overflow-hidden rounded-xl border border-line bg-surface shadow-card">
          <ul className="divide-y divide-line">
            {own.map((sku) => (
              <li key={sku}>
                <button
                  type="button"
                  aria-current={sku === chosen ? 'true' : undefined}
                  onClick={() => open(sku)}
                  className={cx(
                    'flex w-full items-center gap-2 px-4 py-2 text-left focus-visible:-outline-offset-2',
                    sku === chosen ? 'bg-accent-soft' : 'hover:bg-sunken',
                  )}
                >
                  <span className="min-w-0 flex-1 truncate font-medium">{sku}</span>
                  {draft.skus[sku] ? <span className="text-2xs text-warn">changed</span> : null}
                </button>
              </li>
            ))}
          </ul>
          {draft.status === 'draft' && others.length > 0 ? (
            <div className="border-t border-line p-3">
              <Select
                quiet
                label="Price another SKU"
                value=""
                choices={[{ value: '', label: 'Price another SKU' }, ...others.map(({ sku }) => ({ value: sku, label: sku }))]}
                onChange={(sku) => sku !== '' && open(sku)}
              />
            </div>
          ) : null}
        </nav>
        <BaseFee key={draft.base_amount} draft={draft} plan={plan} />
        <PublishCard draft={draft} />
      </div>
      <div className="flex min-w-0 flex-col gap-4">
        {chosen ? (
          <PriceEditor
            key={`${chosen} ${draft.content_hash}`}
            draft={draft}
            sku={chosen}
            unit={unitOf(chosen)}
            currency={plan.currency}
            live={plan.skus.find((one) => one.sku === chosen)?.price ?? null}
          />
        ) : null}
        <DraftChanges draft={draft} unitOf={unitOf} />
      </div>
    </div>
  );
}

function BaseFee({ draft, plan }: { draft: PriceDraft; plan: PlanDetail }) {
  const queries = useQueryClient();
  const [amount, setAmount] = useState(draft.base_amount ?? plan.base_amount ?? '0');
  const save = useMutation({
    mutationFn: () => changeDraft(draft.draft_id, { base_amount: amount }),
    onSuccess: async () => {
      announce('The base fee is changed in the draft');
      await queries.invalidateQueries({ queryKey: ['drafts'] });
    },
  });
  const open = draft.status === 'draft';
  return (
    <Card title="Base fee">
      <form
        noValidate
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <TextField
          label={`${plan.currency} in the draft`}
          hint={`${plan.base_amount ?? '0'} now`}
          inputMode="decimal"
          value={amount}
          disabled={!open}
          onChange={(event) => setAmount(event.target.value.trim())}
        />
        {save.error ? <ProblemBox error={save.error} /> : null}
        {open ? (
          <Button
            type="submit"
            size="small"
            busy={save.isPending}
            disabled={amount === (draft.base_amount ?? plan.base_amount ?? '0')}
          >
            Keep
          </Button>
        ) : null}
      </form>
    </Card>
  );
}
