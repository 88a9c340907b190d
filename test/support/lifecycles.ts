import type { Lifecycle } from '../../src/kernel/lifecycle.ts';
import type { TestDatabase } from './database.ts';

/** Every step that a table has, as `from → to`, sorted. */
export function stepsOf<State extends string>({ transitions }: Lifecycle<State>): string[] {
  return (Object.keys(transitions) as State[]).flatMap((from) => transitions[from].map((to) => `${from} → ${to}`)).sort();
}

/**
 * Every step from one state to another that the database takes of a real row, and every state in which it lets one begin, found by trying;
 * nothing is left of the tries. `set` says for each state what the row has then, as assignments of SQL.
 */
export async function stepsTaken<State extends string>(
  t: Pick<TestDatabase, 'superuser'>,
  { table, column, where, set }: { table: string; column: string; where: string; set: Readonly<Record<State, string>> },
): Promise<{ steps: string[]; begins: string[] }> {
  const states = Object.keys(set) as State[];
  const outcome = async (statements: string): Promise<string> => {
    try {
      await t.superuser(`DO $$ BEGIN ${statements}; RAISE EXCEPTION 'taken'; END $$`);
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error('the try was kept');
  };
  const update = (state: State) => `UPDATE ${table} SET ${column} = '${state}', ${set[state]} WHERE ${where}`;
  const steps: string[] = [];
  for (const from of states)
    for (const to of states.filter((each) => each !== from)) {
      const prepared = `ALTER TABLE ${table} DISABLE TRIGGER ALL; ${update(from)}; ALTER TABLE ${table} ENABLE TRIGGER ALL`;
      const message = await outcome(`${prepared}; ${update(to)}`);
      if (message === 'taken') steps.push(`${from} → ${to}`);
      else if (message !== `${table} that is ${from} cannot become ${to}`) throw new Error(`${from} → ${to}: ${message}`);
    }
  const begins: string[] = [];
  for (const state of states) {
    const row = `(jsonb_populate_record(t, '{"${column}":"${state}"}')).*`;
    const message = await outcome(`INSERT INTO ${table} SELECT ${row} FROM ${table} t WHERE ${where}`);
    // The row is there already: what stops one that may begin so is its key.
    if (message !== `${table} does not begin as ${state}`) begins.push(state);
  }
  return { steps: steps.sort(), begins };
}
