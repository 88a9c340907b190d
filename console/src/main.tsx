import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Problem } from './api/problem.ts';
import { sessionQuery } from './features/session/session.ts';
import { makeRouter } from './router.tsx';
import './styles.css';
import { useAppliedTheme } from './ui/theme.ts';
import { ToastProvider } from './ui/toast.tsx';

const queries = new QueryClient({
  queryCache: new QueryCache({ onError: signedOut }),
  mutationCache: new MutationCache({ onError: signedOut }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What the server refused it refuses again; what got no answer is asked once more.
      retry: (failures, error) =>
        failures < 1 && error instanceof Problem && (error.body.status === 0 || error.body.status === 503),
    },
  },
});
const router = makeRouter(queries);

/** A session that could not be refreshed: ask for a new one, and come back here. */
function signedOut(error: Error): void {
  if (!(error instanceof Problem) || error.body.status !== 401 || router.state.location.pathname === '/sign-in') return;
  const next = router.state.location.href;
  queries.setQueryData(sessionQuery.queryKey, null);
  router.navigate({ to: '/sign-in', search: { next } });
}

function App() {
  useAppliedTheme();
  return (
    <QueryClientProvider client={queries}>
      <ToastProvider>
        <RouterProvider router={router} />
      </ToastProvider>
    </QueryClientProvider>
  );
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
