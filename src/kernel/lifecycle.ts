import type { CodedError, ErrorDetails } from './errors.ts';

/** What may become of a thing, as data: the one table that its room, its diagram and its database agree on. */
export interface Lifecycle<State extends string> {
  /** The thing, as a sentence has it: `invoice`. */
  readonly noun: string;
  /** The states in which one begins. */
  readonly begins: readonly State[];
  /** From each state, the states that it may become; none where it ends. */
  readonly transitions: Readonly<Record<State, readonly State[]>>;
}

/**
 * The new state, where the table has the step. Throws what `refused` makes of the details, which name both states and what is allowed;
 * they are members of the answer too (`from`, `to`, `allowed`). A state is no step to itself.
 */
export function applyTransition<State extends string>(
  { noun, transitions }: Lifecycle<State>,
  { from, to }: { from: State; to: State },
  refused: (details: ErrorDetails) => CodedError,
): State {
  const allowed = transitions[from];
  if (allowed.includes(to)) return to;
  const may = allowed.length === 0 ? 'and nothing follows' : `only ${allowed.join(' or ')}`;
  throw refused({
    detail: `${/^[aeio]/.test(noun) ? 'An' : 'A'} ${noun} that is ${from} cannot become ${to}, ${may}.`,
    extensions: { from, to, allowed: [...allowed] },
  });
}

/** A Mermaid state diagram (`stateDiagram-v2`) of the table, states in its order. */
export function stateDiagram<State extends string>({ begins, transitions }: Lifecycle<State>): string {
  const states = Object.keys(transitions) as State[];
  const lines = [
    ...begins.map((state) => `[*] --> ${state}`),
    ...states.flatMap((from) => transitions[from].map((to) => `${from} --> ${to}`)),
    ...states.filter((state) => transitions[state].length === 0).map((state) => `${state} --> [*]`),
  ];
  return ['stateDiagram-v2', ...lines.map((line) => `    ${line}`)].join('\n');
}
