import { Toast } from '@base-ui/react/toast';
import { CircleAlert, CircleCheck, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { problemOf } from '../api/problem.ts';

const manager = Toast.createToastManager();

/** Says briefly that something went well. */
export function announce(title: string, description?: string): void {
  manager.add({ title, description, type: 'good', timeout: 5000 });
}

/** Says what was refused, with the request's id for whoever looks into it. */
export function announceProblem(error: unknown): void {
  const problem = problemOf(error);
  const id = problem.http_request_id ? ` · request ${problem.http_request_id}` : '';
  manager.add({
    title: problem.title,
    description: `${problem.detail ?? ''}${id}`,
    type: 'bad',
    priority: 'high',
    timeout: 12_000,
  });
}

export function ToastProvider({ children }: { children: ReactNode }) {
  return (
    <Toast.Provider toastManager={manager}>
      {children}
      <Toast.Portal>
        <Toast.Viewport className="fixed right-4 bottom-4 z-[60] flex w-88 max-w-[calc(100vw-2rem)] flex-col gap-2 outline-none">
          <Toasts />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function Toasts() {
  const { toasts } = Toast.useToastManager();
  return toasts.map((toast) => (
    <Toast.Root
      key={toast.id}
      toast={toast}
      className="rounded-lg bg-raised shadow-high transition-[opacity,translate] duration-200 data-ending-style:opacity-0 data-starting-style:translate-y-2 data-starting-style:opacity-0"
    >
      <Toast.Content className="flex items-start gap-2.5 p-3">
        {toast.type === 'bad' ? (
          <CircleAlert size={16} className="mt-0.5 shrink-0 text-bad" aria-hidden="true" />
        ) : (
          <CircleCheck size={16} className="mt-0.5 shrink-0 text-good" aria-hidden="true" />
        )}
        <div className="min-w-0 flex-1">
          <Toast.Title className="text-sm font-medium" />
          <Toast.Description className="text-xs break-words text-ink-2 empty:hidden" />
        </div>
        <Toast.Close
          aria-label="Dismiss"
          className="inline-flex size-6 items-center justify-center rounded text-ink-3 hover:bg-sunken hover:text-ink"
        >
          <X size={13} aria-hidden="true" />
        </Toast.Close>
      </Toast.Content>
    </Toast.Root>
  ));
}
