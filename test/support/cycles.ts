type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * One cycle of every strongly connected part of a graph, each as the path that closes it: `['a', 'b', 'a']`. A graph
 * without cycles gives none.
 */
export function cycles(graph: Graph): string[][] {
  const found: string[][] = [];
  const settled = new Set<string>();
  for (const start of graph.keys()) {
    if (settled.has(start)) continue;
    const cycle = shortestWayBack(graph, start);
    if (cycle === undefined) continue;
    found.push(cycle);
    for (const node of connectedBothWays(graph, start)) settled.add(node);
  }
  return found;
}

function shortestWayBack(graph: Graph, start: string): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const node of queue) {
    for (const next of graph.get(node) ?? []) {
      if (next === start) return [...way(cameFrom, start, node), start];
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, node);
      queue.push(next);
    }
  }
  return undefined;
}

function way(cameFrom: ReadonlyMap<string, string>, start: string, end: string): string[] {
  const path = [end];
  for (let node = end; node !== start; path.unshift(node)) node = cameFrom.get(node) ?? start;
  return path;
}

function connectedBothWays(graph: Graph, start: string): string[] {
  const forward = reachable(graph, start);
  const reversed = new Map<string, Set<string>>();
  for (const [from, targets] of graph) for (const to of targets) reversed.set(to, (reversed.get(to) ?? new Set()).add(from));
  const backward = reachable(reversed, start);
  return [...forward].filter((node) => backward.has(node));
}

function reachable(graph: Graph, start: string): Set<string> {
  const seen = new Set([start]);
  for (const node of seen) for (const next of graph.get(node) ?? []) seen.add(next);
  return seen;
}
