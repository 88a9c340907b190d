import { useQuery } from '@tanstack/react-query';
import { sessionQuery } from './session.ts';

/** Whether whoever is signed in may do this. The server decides anyway; here it keeps buttons away that would be refused. */
export function useMay(scope: `${string}:${'read' | 'write'}`): boolean {
  const { data } = useQuery(sessionQuery);
  return data?.scopes.some((held) => held === '*' || held === scope) ?? false;
}
