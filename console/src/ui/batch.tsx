import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { type ProblemBody, problemOf } from '../api/problem.ts';
import { Button } from './button.tsx';
import { Dialog, DialogActions } from './dialog.tsx';
import { formatCount } from './format.ts';
import { ProgressBar } from './progress.tsx';

export interface BatchItem {
  key: string;
  name: string;
}

interface BatchProps<T extends BatchItem> {
  items: readonly T[];
  open: boolean;
  onClose: () => void;
  title: string;
  description: ReactNode;
  action: string;
  /** What became of those that went well, for so many: "2 events were sent again". */
  doneText: (count: number) => string;
  run: (item: T) => Promise<unknown>;
  onDone: () => void;
}

interface Result {
  done: number;
  refused: { item: BatchItem; problem: ProblemBody }[];
}

/** Does one thing to each of several, one after another, after asking; and says what became of each. */
export function BatchDialog<T extends BatchItem>(props: BatchProps<T>) {
  return (
    <Dialog open={props.open} onClose={props.onClose} title={props.title} description={props.description}>
      <Batch {...props} />
    </Dialog>
  );
}

function Batch<T extends BatchItem>({ items, onClose, action, doneText, run, onDone }: BatchProps<T>) {
  // What was chosen when it was begun: those that are done leave the list while others wait.
  const [begun, setBegun] = useState<readonly T[]>([]);
  const [past, setPast] = useState(0);
  const doing = useMutation({
    mutationFn: async (chosen: readonly T[]): Promise<Result> => {
      const result: Result = { done: 0, refused: [] };
      for (const item of chosen) {
        try {
          await run(item);
          result.done += 1;
        } catch (error) {
          result.refused.push({ item, problem: problemOf(error) });
        }
        setPast(result.done + result.refused.length);
      }
      return result;
    },
    onSettled: onDone,
  });
  const start = () => {
    setBegun(items);
    doing.mutate(items);
  };
  if (doing.data) return <Report result={doing.data} doneText={doneText} onClose={onClose} />;
  return (
    <>
      {doing.isPending ? <ProgressBar label={`${formatCount(begun.length)} in all`} done={past} total={begun.length} /> : null}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button look="primary" busy={doing.isPending} onClick={start}>
          {action}
        </Button>
      </DialogActions>
    </>
  );
}

function Report({ result, doneText, onClose }: { result: Result; doneText: (count: number) => string; onClose: () => void }) {
  return (
    <div role="status">
      {result.done > 0 || result.refused.length === 0 ? <p>{doneText(result.done)}</p> : null}
      {result.refused.length > 0 ? (
        <ul className="mt-2 max-h-48 list-disc overflow-y-auto rounded-lg bg-bad-soft py-2 pr-3 pl-7">
          {result.refused.map(({ item, problem }) => (
            <li key={item.key}>
              <span className="font-medium">{item.name}</span>: {problem.detail ?? problem.title}
            </li>
          ))}
        </ul>
      ) : null}
      <DialogActions>
        <Button look="primary" onClick={onClose}>
          Close
        </Button>
      </DialogActions>
    </div>
  );
}
