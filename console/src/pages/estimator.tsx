import { useMutation } from '@tanstack/react-query';
import { Calculator } from 'lucide-react';
import { type EstimateInput, estimate } from '../api/catalog.ts';
import { EstimateForm } from '../features/rating/estimate-form.tsx';
import { EstimateResult } from '../features/rating/estimate-result.tsx';
import { Card, Page } from '../ui/page.tsx';
import { Empty, ProblemBox } from '../ui/state.tsx';

/** What a period would cost an organization on its own plans, by the engine that bills. */
export function EstimatorPage() {
  const made = useMutation({ mutationFn: (input: EstimateInput) => estimate(input) });
  return (
    <Page title="Estimator" lead="What a period would cost, by the engine that bills">
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_minmax(0,1.15fr)]">
        <Card title="If this were used">
          <EstimateForm busy={made.isPending} onEstimate={made.mutate} />
        </Card>
        <div aria-live="polite">
          {made.error ? (
            <ProblemBox error={made.error} />
          ) : made.data && made.variables ? (
            <EstimateResult estimate={made.data} asked={made.variables} />
          ) : (
            <Card>
              <Empty icon={<Calculator size={22} aria-hidden="true" />} title="The estimate appears here">
                Choose an organization and what each of its leads uses. Its subscriptions decide the prices.
              </Empty>
            </Card>
          )}
        </div>
      </div>
    </Page>
  );
}
