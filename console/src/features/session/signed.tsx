import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { closeSession } from '../../api/client.ts';
import { Shell } from '../../ui/shell.tsx';
import { announceProblem } from '../../ui/toast.tsx';
import { sessionQuery } from './session.ts';

/** The frame of every page behind the sign-in. */
export function Signed() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { data: session } = useQuery(sessionQuery);
  const signOut = async () => {
    try {
      await closeSession();
      await navigate({ to: '/sign-in', search: {} });
      // Nothing of this tenant stays in memory for whoever signs in next.
      queries.clear();
    } catch (error) {
      announceProblem(error);
    }
  };
  return session ? <Shell session={session} onSignOut={signOut} /> : null;
}
