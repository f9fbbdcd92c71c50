import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TestStream } from '../../test/fixtures/pipeline.ts';
import type { Segment } from '../record/segment.ts';
import { Acknowledgements } from './acknowledgements.ts';

const segment = (stream: TestStream, position: number) => ({ stream, position }) as unknown as Segment;

test('in any order of acknowledgement, what is committed is exactly what has no gap before it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.infiniteStream(fc.nat()), (count, random) => {
      const stream = new TestStream('a');
      const acknowledgements = new Acknowledgements();
      const pending = Array.from({ length: count }, (_, k) => acknowledgements.track(segment(stream, k + 1)));
      const left = pending.map((_, k) => k);
      const done = new Set<number>();
      while (left.length > 0) {
        const [k] = left.splice(random.next().value! % left.length, 1);
        acknowledgements.acknowledge(pending[k!]!);
        done.add(k!);
        let withoutGap = 0;
        while (done.has(withoutGap)) withoutGap++;
        expect(stream.commits.at(-1) ?? 0).toBe(withoutGap);
      }
      expect(stream.commits).toEqual(stream.commits.toSorted((a, b) => a - b));
      expect(acknowledgements.size).toBe(0);
    }),
  );
});

test('streams do not wait for each other', () => {
  const [a, b] = [new TestStream('a'), new TestStream('b')];
  const acknowledgements = new Acknowledgements();
  acknowledgements.track(segment(a, 1));
  acknowledgements.acknowledge(acknowledgements.track(segment(b, 5)));
  expect(a.commits).toEqual([]);
  expect(b.commits).toEqual([5]);
});
