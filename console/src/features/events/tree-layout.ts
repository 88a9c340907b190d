import type { CorrelatedEvent } from '../../api/types.ts';

/** What the layout looks at of an event. */
export type TreeEvent = Pick<CorrelatedEvent, 'event_id' | 'causation_id' | 'type' | 'status' | 'metadata' | 'reactions'>;

/** A box of the picture: an event, or several alike with the same cause that are folded into one. */
export interface TreeNode<E extends TreeEvent> {
  key: string;
  /** One, or all that are folded. */
  events: readonly E[];
  /** The reactions that have a line of their own in the box. */
  reactions: readonly string[];
  /** How many have none. */
  more_reactions: number;
  x: number;
  /** Of its upper edge. */
  y: number;
  height: number;
}

/** From a cause, at the line of the reaction that emitted where that is known, to an effect. */
export interface TreeEdge {
  key: string;
  from_x: number;
  from_y: number;
  to_x: number;
  to_y: number;
  /** The cause is not in the picture: archived, out of sight, or past the thousandth. */
  is_cut: boolean;
}

export interface TreeLayout<E extends TreeEvent> {
  /** In the order of reading: a cause before its effects, effects in their order. */
  nodes: readonly TreeNode<E>[];
  edges: readonly TreeEdge[];
  width: number;
  height: number;
  /** Middle of what set everything off, at the left edge. */
  origin_y: number;
}

export const box = { width: 232, head: 46, line: 17, foot: 7 } as const;
export const origin_width = 132;
const column_gap = 64;
const row_gap = 14;
const most_lines = 4;
/** So many leaves alike under one cause are drawn each by itself. */
const most_alike = 5;

/**
 * Places the events of a correlation from left to right by their causes. Every subtree has a strip of its own, as high as its effects need, with its
 * cause in the middle; so nothing overlaps, and no edge crosses another. `unfolded` are keys of folded nodes that are to show each event.
 */
export function layoutTree<E extends TreeEvent>(events: readonly E[], unfolded: ReadonlySet<string>): TreeLayout<E> {
  const nodes: TreeNode<E>[] = [];
  const edges: TreeEdge[] = [];
  const forest = branchesOf(events);
  const known = new Set(events.map((event) => event.event_id));
  const tops = fold(null, forest.roots, forest, unfolded);
  const height = stripHeight(tops);
  const origin_y = height / 2;
  const place = (strip: Strip<E>, top: number, column: number, from: Omit<TreeEdge, 'key' | 'to_x' | 'to_y'>) => {
    const { height: own, lines } = strip;
    const x = origin_width + column_gap + column * (box.width + column_gap);
    const y = top + (strip.strip - own) / 2;
    nodes.push({ key: strip.key, events: strip.events, ...lines, x, y, height: own });
    edges.push({ ...from, key: strip.key, to_x: x, to_y: y + own / 2 });
    let next = top + (strip.strip - stripHeight(strip.effects)) / 2;
    for (const effect of strip.effects) {
      place(effect, next, column + 1, { ...exitOf(lines.reactions, effect.events[0]!, { x, y, own }), is_cut: false });
      next += effect.strip + row_gap;
    }
  };
  let top = 0;
  for (const strip of tops) {
    const { causation_id } = strip.events[0]!;
    place(strip, top, 0, {
      from_x: origin_width,
      from_y: origin_y,
      is_cut: causation_id !== null && !known.has(causation_id),
    });
    top += strip.strip + row_gap;
  }
  const width = Math.max(origin_width, ...nodes.map((node) => node.x + box.width));
  return { nodes, edges, width, height: Math.max(height, box.head), origin_y: Math.max(origin_y, box.head / 2) };
}

/** Where in a box the line of a reaction is, from its upper edge. */
export const lineMiddle = (index: number): number => box.head + index * box.line + box.line / 2;

/** A node on its way to its place, with all below it. */
interface Strip<E extends TreeEvent> {
  key: string;
  events: readonly E[];
  lines: { reactions: readonly string[]; more_reactions: number };
  height: number;
  effects: readonly Strip<E>[];
  /** How much height it and its effects need. */
  strip: number;
}

interface Branches<E extends TreeEvent> {
  roots: readonly E[];
  effects: ReadonlyMap<string, readonly E[]>;
}

/** Causes and their effects. What is its own cause over others, which no outbox holds, becomes a root, so that nothing is lost. */
function branchesOf<E extends TreeEvent>(events: readonly E[]): Branches<E> {
  const known = new Set(events.map((event) => event.event_id));
  const isRoot = ({ causation_id }: E) => causation_id === null || !known.has(causation_id);
  const roots = events.filter(isRoot);
  const effects = new Map(
    Map.groupBy(
      events.filter((event) => !isRoot(event)),
      (event) => event.causation_id!,
    ),
  );
  const reached = new Set<string>();
  const reach = (from: readonly E[]) => {
    for (const event of from) {
      reached.add(event.event_id);
      reach(effects.get(event.event_id) ?? []);
    }
  };
  reach(roots);
  for (const event of events) {
    if (reached.has(event.event_id)) continue;
    const of_cause = effects.get(event.causation_id!)!;
    effects.set(
      event.causation_id!,
      of_cause.filter((one) => one !== event),
    );
    roots.push(event);
    reach([event]);
  }
  return { roots, effects };
}

function fold<E extends TreeEvent>(
  cause: string | null,
  siblings: readonly E[],
  forest: Branches<E>,
  unfolded: ReadonlySet<string>,
): Strip<E>[] {
  const isLeaf = (event: E) => (forest.effects.get(event.event_id) ?? []).length === 0;
  const alike = Map.groupBy(siblings.filter(isLeaf), kindOf);
  const strips: Strip<E>[] = [];
  const folded = new Set<string>();
  for (const event of siblings) {
    const kind = kindOf(event);
    const group = alike.get(kind) ?? [];
    const key = `${cause ?? 'origin'} ${kind}`;
    if (!isLeaf(event) || group.length <= most_alike || unfolded.has(key)) {
      strips.push(
        stripOf(event.event_id, [event], fold(event.event_id, forest.effects.get(event.event_id) ?? [], forest, unfolded)),
      );
    } else if (!folded.has(kind)) {
      folded.add(kind);
      strips.push(stripOf(key, group, []));
    }
  }
  return strips;
}

const kindOf = (event: TreeEvent): string => `${event.type} ${event.status}`;

function stripOf<E extends TreeEvent>(key: string, events: readonly E[], effects: readonly Strip<E>[]): Strip<E> {
  const names = events.length === 1 ? events[0]!.reactions.map((one) => one.reaction) : [];
  const cut = names.length > most_lines;
  const reactions = cut ? names.slice(0, most_lines - 1) : names;
  const more_reactions = names.length - reactions.length;
  const shown = reactions.length + (cut ? 1 : 0);
  const height = box.head + (shown > 0 ? shown * box.line + box.foot : 0);
  return { key, events, lines: { reactions, more_reactions }, height, effects, strip: Math.max(height, stripHeight(effects)) };
}

function stripHeight(strips: readonly Strip<TreeEvent>[]): number {
  return strips.reduce((sum, one) => sum + one.strip, 0) + Math.max(0, strips.length - 1) * row_gap;
}

/** Where the edge to an effect leaves its cause: at the line of the reaction that emitted it, which is its actor. */
function exitOf(reactions: readonly string[], effect: TreeEvent, { x, y, own }: { x: number; y: number; own: number }) {
  const line = reactions.indexOf(actorOf(effect)?.id ?? '');
  return { from_x: x + box.width, from_y: line < 0 ? y + own / 2 : y + lineMiddle(line) };
}

/** Who or what emitted an event, as its metadata has it. */
export function actorOf({ metadata }: Pick<TreeEvent, 'metadata'>): { kind: string; id: string } | null {
  const { actor } = metadata;
  if (typeof actor !== 'object' || actor === null) return null;
  const { kind, id } = actor as Record<string, unknown>;
  return typeof kind === 'string' && typeof id === 'string' ? { kind, id } : null;
}
