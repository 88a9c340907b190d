import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { changeDraft } from '../../api/pricing.ts';
import type { Price, PriceDraft } from '../../api/types.ts';
import { Button } from '../../ui/button.tsx';
import { Field, inputClass } from '../../ui/field.tsx';
import { Card } from '../../ui/page.tsx';
import { Select } from '../../ui/select.tsx';
import { ProblemBox } from '../../ui/state.tsx';
import { announce } from '../../ui/toast.tsx';
import { PriceCurve } from './price-curve.tsx';
import { isInForm, PriceForm } from './price-form.tsx';

interface PriceEditorProps {
  draft: PriceDraft;
  sku: string;
  unit: string;
  currency: string;
  /** The plan's own price; null where the SKU is new to it. */
  live: Price | null;
}

/** One price of a draft, in fields or as JSON, with the curve it makes beside the live one. */
export function PriceEditor({ draft, sku, unit, currency, live }: PriceEditorProps) {
  const stored = draft.skus[sku] ?? live ?? { model: 'unit', unit_amount: '0' };
  const [price, setPrice] = useState<Price>(stored);
  const [view, setView] = useState<'form' | 'json'>(isInForm(stored) ? 'form' : 'json');
  const save = useDraftChange(draft, sku);
  const settled = useDebounced(price, 400);
  const open = draft.status === 'draft';
  const changed = JSON.stringify(price) !== JSON.stringify(stored);
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <Card
        title={sku}
        lead={draft.skus[sku] ? 'changed by this draft' : live ? 'as the plan has it' : 'new to the plan'}
        actions={
          <Select
            quiet
            label="Edit as"
            value={view}
            choices={[
              { value: 'form', label: 'Form' },
              { value: 'json', label: 'JSON' },
            ]}
            disabled={!isInForm(price)}
            onChange={setView}
          />
        }
      >
        <form
          noValidate
          className="flex flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            save.mutate(price);
          }}
        >
          {view === 'form' ? (
            <PriceForm price={price} currency={currency} unit={unit} onChange={setPrice} />
          ) : (
            <PriceJson price={price} onChange={setPrice} />
          )}
          {save.error ? <ProblemBox error={save.error} /> : null}
          {open ? (
            <div className="flex flex-wrap gap-2">
              <Button type="submit" look="primary" busy={save.isPending} disabled={!changed}>
                Keep this price in the draft
              </Button>
              {draft.skus[sku] ? (
                <Button busy={save.isPending} onClick={() => save.mutate(null, { onSuccess: () => live && setPrice(live) })}>
                  Take the change back
                </Button>
              ) : null}
            </div>
          ) : null}
        </form>
      </Card>
      <PriceCurve price={settled} currency={currency} unit={unit} live={live} />
    </div>
  );
}

/** Any price of the language. What is no JSON yet is not taken on. */
function PriceJson({ price, onChange }: { price: Price; onChange: (price: Price) => void }) {
  const [text, setText] = useState(() => JSON.stringify(price, null, 2));
  const read = readPrice(text);
  return (
    <Field
      label="Price, as JSON of the price language"
      error={read === null ? 'This is no JSON object with a model.' : undefined}
    >
      {(ids) => (
        <textarea
          {...ids}
          value={text}
          rows={Math.min(24, text.split('\n').length + 1)}
          spellCheck={false}
          className={`${inputClass} h-auto py-2 font-mono text-xs`}
          onChange={(event) => {
            setText(event.target.value);
            const next = readPrice(event.target.value);
            if (next) onChange(next);
          }}
        />
      )}
    </Field>
  );
}

function readPrice(text: string): Price | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'model' in value && typeof value.model === 'string'
      ? (value as Price)
      : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Null takes the change back. */
function useDraftChange(draft: PriceDraft, sku: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (price: Price | null) => changeDraft(draft.draft_id, { skus: { [sku]: price } }),
    onSuccess: async (_, price) => {
      announce(price ? `${sku} is changed in the draft` : `${sku} is as in the plan again`);
      await queries.invalidateQueries({ queryKey: ['drafts'] });
    },
  });
}

function useDebounced<T>(value: T, wait_ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), wait_ms);
    return () => clearTimeout(timer);
  }, [value, wait_ms]);
  return settled;
}
