import type { UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Button } from './button.tsx';
import { Card } from './page.tsx';
import { ProblemBox, SkeletonRows } from './state.tsx';
import { type Column, DataTable } from './table.tsx';

interface ListCardProps<T> {
  /** As `useInfiniteQuery` gives it. */
  list: Pick<
    UseInfiniteQueryResult<unknown>,
    'error' | 'isPending' | 'refetch' | 'hasNextPage' | 'isFetchingNextPage' | 'fetchNextPage'
  >;
  /** What all its pages hold. */
  rows: readonly T[];
  /** What the table lists; read out, not shown. */
  caption: string;
  columns: readonly Column<T>[];
  rowKey: (row: T) => string;
  onRow?: (row: T) => void;
  below?: (row: T) => ReactNode;
  /** In the place of the table where nothing is listed. */
  empty: ReactNode;
  title?: ReactNode;
  lead?: ReactNode;
  actions?: ReactNode;
}

/** A list that the server gives page by page: while it comes, refused, empty, and as a table with more to ask for. */
export function ListCard<T extends object>({ list, rows, empty, title, lead, actions, ...table }: ListCardProps<T>) {
  return (
    <Card flush title={title} lead={lead} actions={actions}>
      {list.error ? (
        <ProblemBox error={list.error} onRetry={list.refetch} className="m-4" />
      ) : list.isPending ? (
        <SkeletonRows label={table.caption.toLowerCase()} />
      ) : rows.length === 0 ? (
        empty
      ) : (
        <DataTable rows={rows} {...table} />
      )}
      {list.hasNextPage ? (
        <div className="border-t border-line py-3 text-center">
          <Button size="small" busy={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
            Show more
          </Button>
        </div>
      ) : null}
    </Card>
  );
}
