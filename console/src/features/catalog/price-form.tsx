import { Plus, X } from 'lucide-react';
import type { Price, Tier } from '../../api/types.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { Select } from '../../ui/select.tsx';

/** The models that the form knows; the rest of the language is written as JSON. */
const models = [
  { value: 'unit', label: 'Per unit' },
  { value: 'graduated', label: 'Graduated: each unit at its own tier' },
  { value: 'volume', label: 'Volume: all units at the tier of the total' },
  { value: 'package', label: 'Packages' },
  { value: 'flat', label: 'Flat' },
] as const;
type FormModel = (typeof models)[number]['value'];

export const isInForm = (price: Price): boolean => models.some(({ value }) => value === price.model);

interface PriceFormProps {
  price: Price;
  currency: string;
  unit: string;
  onChange: (price: Price) => void;
}

/** Edits a price in fields. Members that have no field here stay as they are. */
export function PriceForm({ price, currency, unit, onChange }: PriceFormProps) {
  const text = (name: keyof Price & string, label: string, hint?: string) => (
    <TextField
      label={label}
      hint={hint}
      inputMode="decimal"
      value={String(price[name] ?? '')}
      onChange={(event) => onChange(withMember(price, name, event.target.value.trim()))}
    />
  );
  return (
    <div className="flex flex-col gap-4">
      <Select
        label="Model"
        value={price.model as FormModel}
        choices={models}
        onChange={(model) => onChange(asModel(price, model))}
      />
      {price.model === 'unit' ? text('unit_amount', `${currency} per ${unit}`) : null}
      {price.model === 'flat' ? text('amount', `${currency} per period`) : null}
      {price.model === 'package' ? (
        <div className="grid grid-cols-2 gap-3">
          {text('package_size', `${unit} in a package`)}
          {text('package_amount', `${currency} per started package`)}
        </div>
      ) : null}
      {price.tiers ? <TierRows price={price} currency={currency} unit={unit} onChange={onChange} /> : null}
      <div className="grid grid-cols-3 gap-3">
        {price.model === 'flat' ? null : text('included_quantity', 'Included')}
        {text('minimum_amount', 'At least')}
        {text('maximum_amount', 'At most')}
      </div>
    </div>
  );
}

function TierRows({ price, currency, unit, onChange }: PriceFormProps) {
  const tiers = price.tiers ?? [];
  const put = (next: Tier[]) => onChange({ ...price, tiers: next });
  const change = (index: number, name: 'up_to' | 'unit_amount' | 'flat_amount', value: string) =>
    put(tiers.map((tier, at) => (at === index ? withMember(tier, name, value.trim()) : tier)));
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 text-xs font-medium text-ink-2">Tiers</legend>
      {tiers.map((tier, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a tier has no identity but its place
        <div key={index} className="grid grid-cols-[1fr_1fr_1fr_1.75rem] items-end gap-2">
          {tier.up_to === null ? (
            <p className="pb-1.5 text-right text-sm text-ink-3">the rest</p>
          ) : (
            <TextField
              label={`Tier ${index + 1}: up to, ${unit}`}
              inputMode="decimal"
              value={tier.up_to}
              onChange={(event) => change(index, 'up_to', event.target.value)}
            />
          )}
          <TextField
            label={`Tier ${index + 1}: each, ${currency}`}
            inputMode="decimal"
            value={tier.unit_amount ?? ''}
            onChange={(event) => change(index, 'unit_amount', event.target.value)}
          />
          <TextField
            label={`Tier ${index + 1}: on entry`}
            inputMode="decimal"
            value={tier.flat_amount ?? ''}
            onChange={(event) => change(index, 'flat_amount', event.target.value)}
          />
          {tier.up_to === null ? (
            <span />
          ) : (
            <IconButton label={`Remove tier ${index + 1}`} onClick={() => put(tiers.filter((_, at) => at !== index))}>
              <X size={14} aria-hidden="true" />
            </IconButton>
          )}
        </div>
      ))}
      <div>
        <Button size="small" onClick={() => put(withTier(tiers))}>
          <Plus size={12} aria-hidden="true" /> Add a tier
        </Button>
      </div>
    </fieldset>
  );
}

/** Without a member that was emptied. */
function withMember<T extends object>(whole: T, name: string, value: string): T {
  const rest = Object.entries(whole).filter(([key]) => key !== name);
  return Object.fromEntries(value === '' && name !== 'up_to' ? rest : [...rest, [name, value]]) as T;
}

/** One more before the rest, twice as far as the last. */
function withTier(tiers: readonly Tier[]): Tier[] {
  const last = tiers.at(-2)?.up_to;
  const up_to = last && /^\d+$/.test(last) ? (BigInt(last) * 2n).toString() : '100';
  return [...tiers.slice(0, -1), { up_to, unit_amount: tiers.at(-1)?.unit_amount ?? '0' }, ...tiers.slice(-1)];
}

/** The same terms under another model, with what it costs to begin with. */
function asModel(price: Price, model: FormModel): Price {
  const { included_quantity, minimum_amount, maximum_amount, discounts } = price;
  const terms = Object.entries({ included_quantity, minimum_amount, maximum_amount, discounts }).filter(
    ([name, value]) => value !== undefined && !(model === 'flat' && name === 'included_quantity'),
  );
  const unit_amount = price.unit_amount ?? price.tiers?.[0]?.unit_amount ?? '0';
  const tiers = price.tiers ?? [
    { up_to: '100', unit_amount },
    { up_to: null, unit_amount },
  ];
  const own = {
    unit: { unit_amount },
    flat: { amount: price.amount ?? '0' },
    package: { package_size: price.package_size ?? '100', package_amount: price.package_amount ?? '0' },
    graduated: { tiers },
    volume: { tiers },
  }[model];
  return { model, ...own, ...Object.fromEntries(terms) };
}
