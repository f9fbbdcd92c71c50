import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Run } from './run.ts';
import { SpanRing } from './span-ring.ts';

const SLACK = 64;

function ringOf(capacity: number): SpanRing {
  return new SpanRing({ address: 4096, capacity, bytes: Buffer.alloc(capacity + SLACK) });
}

/** Writes a run whose bytes are all `mark`; null when there is no room. Overwrites as much behind it as the kernel may. */
function write(ring: SpanRing, reserved: number, used: number, mark: number): Run | null {
  const room = ring.reserve(reserved);
  if (room === null) return null;
  ring.region.bytes.fill(mark, room.at, room.at + used);
  ring.region.bytes.fill(0, room.at + used, room.at + used + SLACK);
  return ring.commit(room, used, 1, null);
}

test('remembers runs as they were written, the newest first', () => {
  const ring = ringOf(1000);
  for (const mark of [1, 2, 3]) write(ring, 100, 10, mark);
  expect(Array.from(ring.newestFirst(), ({ bytes }) => [...bytes])).toEqual([
    Array(10).fill(3),
    Array(10).fill(2),
    Array(10).fill(1),
  ]);
});

test('the oldest make room for new ones', () => {
  const ring = ringOf(400);
  for (let mark = 1; mark <= 10; mark++) expect(write(ring, 100, 100, mark)).not.toBeNull();
  const marks = Array.from(ring.newestFirst(), ({ bytes }) => bytes[0]);
  expect(marks.slice(0, 2)).toEqual([10, 9]);
  expect(ring.spans).toBe(marks.length);
  expect(ring.spans + ring.overwritten).toBe(10);
});

test('a held run is never overwritten: there is no room until it is let go', () => {
  const ring = ringOf(400);
  const held = write(ring, 100, 100, 1)!;
  held.holders = 1;
  let mark = 2;
  while (write(ring, 100, 100, mark) !== null) mark++;
  expect(held.bytes.every((byte) => byte === 1)).toBe(true);
  held.holders = 0;
  expect(write(ring, 100, 100, mark)).not.toBeNull();
});

test('what is larger than the ring has no room, and costs nothing that is remembered', () => {
  const ring = ringOf(400);
  write(ring, 10, 10, 1);
  expect(ring.reserve(ring.maxRunBytes + 1)).toBeNull();
  expect(Array.from(ring.newestFirst())).toHaveLength(1);
});

test('the number of runs is bounded too', () => {
  const ring = ringOf(2 ** 16);
  for (let i = 0; i < 1000; i++) write(ring, 1, 1, i % 256);
  expect(Array.from(ring.newestFirst()).length).toBeLessThanOrEqual(32);
});

test('only the last reservation can be committed, within its capacity', () => {
  const ring = ringOf(1000);
  const first = ring.reserve(10)!;
  expect(() => ring.commit(first, 11, 1, null)).toThrow(RangeError);
  ring.commit(first, 10, 1, null);
  ring.reserve(10);
  expect(() => ring.commit(first, 10, 1, null)).toThrow(RangeError);
});

test('runs keep their bytes for as long as they are remembered or held, whatever is written', () => {
  const step = fc.record({
    reserved: fc.integer({ min: 1, max: 300 }),
    used: fc.nat(99).map((percent) => (percent + 1) / 100),
    action: fc.constantFrom('write', 'write', 'write', 'hold', 'release'),
  });
  fc.assert(
    fc.property(fc.integer({ min: 400, max: 1200 }), fc.array(step, { maxLength: 80 }), (capacity, steps) => {
      const ring = ringOf(capacity);
      const written: { run: Run; mark: number }[] = [];
      let mark = 0;
      for (const { reserved, used, action } of steps) {
        const held = written.filter(({ run }) => run.holders > 0);
        if (action === 'hold' && written.length > 0) written.at(-1)!.run.holders++;
        else if (action === 'release' && held.length > 0) held[0]!.run.holders--;
        else {
          mark = (mark % 255) + 1;
          const run = write(ring, reserved, Math.ceil(reserved * used), mark);
          if (run !== null) written.push({ run, mark });
          else expect(reserved > ring.maxRunBytes || held.length > 0).toBe(true);
        }
        const remembered = new Set(ring.newestFirst());
        for (const one of written) {
          if (!remembered.has(one.run) && one.run.holders === 0) continue;
          expect(remembered.has(one.run)).toBe(true);
          expect(one.run.bytes.every((byte) => byte === one.mark)).toBe(true);
        }
        expect(ring.spans).toBe(remembered.size);
      }
    }),
  );
});
