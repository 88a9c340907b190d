import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { box, layoutTree, lineMiddle, type TreeEvent, type TreeLayout } from './tree-layout.ts';

const event = (event_id: string, causation_id: string | null, more: Partial<TreeEvent> = {}): TreeEvent => ({
  event_id,
  causation_id,
  type: `type of ${event_id}`,
  status: 'routed',
  metadata: {},
  reactions: [],
  ...more,
});

/** Events whose causes are any of each other, themselves, unknown ones or none, with few types. */
const anyEvents = fc
  .array(fc.record({ cause: fc.option(fc.nat({ max: 30 })), type: fc.nat({ max: 2 }), reactions: fc.nat({ max: 6 }) }), {
    maxLength: 25,
  })
  .map((rows) =>
    rows.map(({ cause, type, reactions }, index) =>
      event(`${index}`, cause === null ? null : `${cause}`, {
        type: `type.${type}`,
        reactions: Array.from({ length: reactions }, (_, nth) => ({ reaction: `room.${nth}`, at: '2026-03-01T00:00:00Z' })),
      }),
    ),
  );

const boxesOf = ({ nodes }: TreeLayout<TreeEvent>) =>
  nodes.map((node) => ({ left: node.x, right: node.x + box.width, top: node.y, bottom: node.y + node.height }));

describe('the picture of a correlation', () => {
  it('holds every event once, whatever the causes say, within its size and none upon another', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const layout = layoutTree(events, new Set());
        const shown = layout.nodes.flatMap((node) => node.events.map((one) => one.event_id));
        expect(shown.toSorted()).toEqual(events.map((one) => one.event_id).toSorted());
        const boxes = boxesOf(layout);
        for (const [index, a] of boxes.entries()) {
          expect(a.left >= 0 && a.top >= 0 && a.right <= layout.width && a.bottom <= layout.height).toBe(true);
          for (const b of boxes.slice(index + 1))
            expect(a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top).toBe(true);
        }
      }),
    );
  });

  it('puts an effect to the right of its cause, and reads causes before effects', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const { nodes, edges } = layoutTree(events, new Set());
        expect(edges).toHaveLength(nodes.length);
        for (const edge of edges) expect(edge.to_x).toBeGreaterThan(edge.from_x);
      }),
    );
    const { nodes } = layoutTree([event('a', null), event('b', null), event('c', 'a'), event('d', 'c')], new Set());
    expect(nodes.map((node) => node.key)).toEqual(['a', 'c', 'd', 'b']);
  });

  it('lets the edge leave a cause at the reaction that emitted the effect', () => {
    const reactions = ['webhooks.enqueue', 'invoicing.bill'].map((reaction) => ({ reaction, at: '2026-03-01T00:00:00Z' }));
    const by = { metadata: { actor: { kind: 'system', id: 'invoicing.bill' } } };
    const { nodes, edges } = layoutTree([event('cause', null, { reactions }), event('effect', 'cause', by)], new Set());
    expect(edges[1]).toMatchObject({ from_y: nodes[0]!.y + lineMiddle(1), is_cut: false });
  });

  it('marks an edge whose cause is out of the picture', () => {
    expect(layoutTree([event('a', 'archived'), event('b', null)], new Set()).edges.map((edge) => edge.is_cut)).toEqual([
      true,
      false,
    ]);
  });

  it('folds many alike under one cause into one, until they are asked for, and never one that caused something', () => {
    const many = Array.from({ length: 40 }, (_, nth) => event(`e${nth}`, 'run', { type: 'usage.rolled_up' }));
    const events = [event('run', null), ...many, event('late', 'e7')];
    const { nodes } = layoutTree(events, new Set());
    expect(nodes.map((node) => node.events.length)).toEqual([1, 39, 1, 1]);
    const unfolded = layoutTree(events, new Set([nodes[1]!.key]));
    expect(unfolded.nodes).toHaveLength(42);
  });

  it('names three of many reactions and counts the rest', () => {
    const reactions = Array.from({ length: 6 }, (_, nth) => ({ reaction: `room.${nth}`, at: '2026-03-01T00:00:00Z' }));
    const { nodes } = layoutTree([event('a', null, { reactions })], new Set());
    expect(nodes[0]).toMatchObject({ reactions: ['room.0', 'room.1', 'room.2'], more_reactions: 3 });
  });

  it('of nothing is empty', () => {
    expect(layoutTree([], new Set()).nodes).toEqual([]);
  });
});
