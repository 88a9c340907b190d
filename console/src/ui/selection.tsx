import { useState } from 'react';
import type { Column } from './table.tsx';

/** Which rows of a list are chosen, as a first column of boxes. What is no longer listed is no longer chosen. */
export function useSelection<T>(rows: readonly T[], keyOf: (row: T) => string, nameOf: (row: T) => string) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const selected = rows.filter((row) => chosen.has(keyOf(row)));
  const toggle = (key: string, on: boolean) =>
    setChosen((before) => {
      const after = new Set(before);
      if (on) after.add(key);
      else after.delete(key);
      return after;
    });
  const column: Column<T> = {
    id: 'select',
    header: 'Chosen',
    className: 'w-10',
    cell: (row) => (
      <label className="-m-1 inline-flex p-1">
        <span className="sr-only">Choose {nameOf(row)}</span>
        <input
          type="checkbox"
          checked={chosen.has(keyOf(row))}
          onChange={(event) => toggle(keyOf(row), event.target.checked)}
          className="size-3.5 accent-(--accent)"
        />
      </label>
    ),
  };
  return { selected, column, clear: () => setChosen(new Set()) };
}
