import { useQuery } from '@tanstack/react-query';
import { Plus, X } from 'lucide-react';
import { Controller, useFieldArray, useForm } from 'react-hook-form';
import { type EstimateInput, skus } from '../../api/catalog.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { Select } from '../../ui/select.tsx';
import { OrgPicker } from '../tenancy/org-picker.tsx';

interface Asked {
  org_id: string;
  leads: string;
  uses: { sku: string; per_lead: string }[];
}

interface EstimateFormProps {
  busy: boolean;
  onEstimate: (input: EstimateInput) => void;
}

const decimal = /^\d{1,26}(\.\d{1,12})?$/;

export function EstimateForm({ busy, onEstimate }: EstimateFormProps) {
  const known = useQuery(skus).data?.data ?? [];
  const { register, control, handleSubmit, formState } = useForm<Asked>({
    defaultValues: { org_id: '', leads: '1000', uses: [{ sku: '', per_lead: '1' }] },
  });
  const { fields, append, remove } = useFieldArray({ control, name: 'uses' });
  const { errors } = formState;
  const submit = (asked: Asked) => {
    onEstimate({
      org_id: asked.org_id,
      leads: asked.leads,
      skus: Object.fromEntries(asked.uses.map((use) => [use.sku, use.per_lead])),
    });
  };
  return (
    <form noValidate onSubmit={handleSubmit(submit)} className="flex flex-col gap-4">
      <Controller
        control={control}
        name="org_id"
        rules={{ required: 'Choose an organization.' }}
        render={({ field }) => (
          <OrgPicker
            label="Organization"
            placeholder="Who would use it"
            value={field.value}
            error={errors.org_id?.message}
            onChange={field.onChange}
          />
        )}
      />
      <TextField
        label="Leads"
        inputMode="decimal"
        className="w-40"
        error={errors.leads?.message}
        {...register('leads', {
          required: 'How many?',
          pattern: { value: decimal, message: 'A number without grouping, such as 1500.' },
        })}
      />
      <fieldset className="flex flex-col gap-2">
        <legend className="mb-1 text-xs font-medium text-ink-2">Each lead uses</legend>
        {fields.map((row, index) => (
          <div key={row.id} className="grid grid-cols-[minmax(0,1fr)_7rem_1.75rem] items-start gap-2">
            <Controller
              control={control}
              name={`uses.${index}.sku`}
              rules={{
                required: 'Choose a SKU.',
                validate: (sku, all) => all.uses.findIndex((use) => use.sku === sku) === index || 'Listed twice.',
              }}
              render={({ field }) => (
                <div>
                  <Select
                    quiet
                    label={`SKU ${index + 1}`}
                    value={field.value}
                    choices={[
                      { value: '', label: 'Choose a SKU' },
                      ...known.map((one) => ({ value: one.sku, label: `${one.sku}, ${one.unit}` })),
                    ]}
                    onChange={field.onChange}
                  />
                  {errors.uses?.[index]?.sku ? (
                    <p role="alert" className="mt-1 text-xs text-bad">
                      {errors.uses[index].sku.message}
                    </p>
                  ) : null}
                </div>
              )}
            />
            <TextField
              quiet
              label={`Uses per lead of SKU ${index + 1}`}
              inputMode="decimal"
              error={errors.uses?.[index]?.per_lead?.message}
              {...register(`uses.${index}.per_lead`, {
                required: 'How many?',
                pattern: { value: decimal, message: 'A number.' },
              })}
            />
            <IconButton
              label={`Remove SKU ${index + 1}`}
              disabled={fields.length === 1}
              className="mt-0.5 disabled:invisible"
              onClick={() => remove(index)}
            >
              <X size={14} aria-hidden="true" />
            </IconButton>
          </div>
        ))}
        <div>
          <Button size="small" look="ghost" onClick={() => append({ sku: '', per_lead: '1' })}>
            <Plus size={12} aria-hidden="true" /> Another SKU
          </Button>
        </div>
      </fieldset>
      <div>
        <Button type="submit" look="primary" busy={busy}>
          Estimate
        </Button>
      </div>
    </form>
  );
}
