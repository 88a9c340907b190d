import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createMessageReader } from './stream.ts';

const stream =
  'retry: 3000\n\n: \n\nid: 7\nevent: invoice.generated\ndata: {"event_id":"a"}\n\nid: 8\nevent: meter.read\ndata: {"event_id":"b"}\n\n: \n\n';

it('finds the same messages however the stream is cut, and none in heartbeats', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: stream.length })), (cuts) => {
      const read = createMessageReader();
      const ends = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
      const found = ends.slice(1).flatMap((end, index) => read(stream.slice(ends[index], end)));
      expect(found).toEqual([
        { id: '7', data: '{"event_id":"a"}' },
        { id: '8', data: '{"event_id":"b"}' },
      ]);
    }),
  );
});
