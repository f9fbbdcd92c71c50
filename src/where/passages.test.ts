import { memoryUsage } from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { TestStream } from '../../test/fixtures/pipeline.ts';
import { type Passage, sizeOf, type Way } from './passage.ts';
import { Passages } from './passages.ts';

const WAY: Way = { key: '', sends: [{ sink: 'out', attempts: 1, end: 'delivered', reason: '' }] };
const stream = new TestStream('app');

/** A passage of 100 bytes that was read at a time of `readAt` milliseconds. */
function passage(n: number, options: Partial<Passage> & { readAt: number }): Passage {
  const { readAt, ...rest } = options;
  const first = [readAt, readAt + 200, readAt + 200, readAt + 205];
  const parts = { first, removals: null, refusals: null, traced: null, buffered: null };
  const size = sizeOf({ ...parts, ...rest });
  return {
    stream,
    from: n * 100,
    to: n * 100 + 100,
    count: 1,
    batch: n,
    row: 0,
    way: WAY,
    last: first,
    ...parts,
    size,
    ...rest,
  };
}

const ODD = { removals: [{ by: 'x', kept: new Uint8Array(1) }] };

test('joins what follows within a second and went alike; its times become a span', () => {
  const passages = new Passages(2 ** 20);
  for (let n = 0; n < 15; n++) passages.add(passage(n, { readAt: n * 100 }));
  expect(passages.count).toBe(2);
  const found = passages.at(stream, 550);
  expect(found).toMatchObject({ from: 0, to: 1100, count: 11 });
  expect([found!.first[0], found!.last[0]]).toEqual([0, 1000]);
});

test.each([
  ['another way', { way: { ...WAY } }],
  ['a gap before it', { from: 150, to: 200 }],
  ['something of its own', ODD],
])('does not join what has %s', (_what, options) => {
  const passages = new Passages(2 ** 20);
  passages.add(passage(0, { readAt: 0 }));
  passages.add(passage(1, { readAt: 1, ...options }));
  expect(passages.count).toBe(2);
  expect(passages.at(stream, 50)).toMatchObject({ from: 0, to: 100 });
});

test('finds passages that ended in another order than that of the stream', () => {
  const passages = new Passages(2 ** 20);
  for (const n of [2, 0, 3, 1]) passages.add(passage(n, { readAt: 0, ...ODD }));
  expect([50, 150, 250, 350].map((at) => passages.at(stream, at)!.batch)).toEqual([0, 1, 2, 3]);
  expect(passages.at(stream, 400)).toBeUndefined();
});

test('when memory is short, joins the older ones over longer times before it forgets any', () => {
  const passages = new Passages(20_000);
  for (let n = 0; n < 1000; n++) passages.add(passage(n, { readAt: n * 2000 }));
  expect(passages.bytes).toBeLessThanOrEqual(20_000);
  expect(passages.at(stream, 0)).toBeDefined();
  // The newest is still known exactly.
  expect(passages.at(stream, 99_950)).toMatchObject({ count: 1 });
});

test('forgets the oldest when nothing can be joined', () => {
  const passages = new Passages(20_000);
  for (let n = 0; n < 1000; n++) passages.add(passage(n, { readAt: n, ...ODD }));
  expect(passages.bytes).toBeLessThanOrEqual(20_000);
  expect(passages.at(stream, 0)).toBeUndefined();
  expect(passages.at(stream, 99_950)).toMatchObject({ batch: 999 });
  for (let n = 0; n < 50; n++) passages.add(passage(n, { readAt: n, stream: new TestStream('b'), ...ODD }));
  for (let n = 0; n < 50; n++) passages.add(passage(n, { readAt: n, stream: new TestStream('c'), ...ODD }));
  expect(passages.has(stream)).toBe(false);
});

test('a passage takes about as much memory as it says', () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const used = () => {
    gc();
    return memoryUsage().heapUsed;
  };
  const passages = new Passages(2 ** 30);
  const before = used();
  for (let n = 0; n < 20_000; n++) passages.add(passage(n * 2, { readAt: n + 0.25 }));
  const taken = used() - before;
  expect(passages.count).toBe(20_000);
  expect(passages.bytes / taken).toBeGreaterThan(0.8);
  expect(passages.bytes / taken).toBeLessThan(2);
});
