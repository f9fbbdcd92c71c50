import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeClock } from '../../component/fake-clock.ts';
import type { Run } from './run.ts';
import { SpanRing } from './span-ring.ts';

const SLACK = 64;
/** Small rings have that many zones; rings of more than 16 MiB have one for every 2 MiB. */
const ZONES = 8;

/** A ring of 8 zones, in each of which there is room for so many bytes of runs. */
function ringOf(zoneBytes: number, clock = new FakeClock()): SpanRing {
  const capacity = ZONES * (zoneBytes + SLACK);
  return new SpanRing({ address: 4096, capacity, bytes: Buffer.alloc(capacity + SLACK) }, clock);
}

/** Writes a run whose bytes are all `mark`; null when there is no room. Overwrites as much behind it as the kernel may. */
function write(ring: SpanRing, reserved: number, used: number, mark: number): Run | null {
  const room = ring.reserve(reserved);
  if (room === null) return null;
  ring.region.bytes.fill(mark, room.at, room.at + used);
  ring.region.bytes.fill(0, room.at + used, room.at + used + SLACK);
  return ring.commit(room, used, 1, null);
}

const marksOf = (ring: SpanRing) => Array.from(ring.newestFirst(), ({ bytes }) => bytes[0]);

test('remembers runs as they were written, the newest first', () => {
  const ring = ringOf(1000);
  for (const mark of [1, 2, 3]) write(ring, 100, 10, mark);
  expect(Array.from(ring.newestFirst(), ({ bytes }) => [...bytes])).toEqual([
    Array(10).fill(3),
    Array(10).fill(2),
    Array(10).fill(1),
  ]);
});

test('at ordinary rates the oldest make room for new ones', async () => {
  const clock = new FakeClock();
  const ring = ringOf(100, clock);
  for (let mark = 1; mark <= 12; mark++) {
    write(ring, 100, 100, mark);
    await clock.advance(1000);
  }
  expect(marksOf(ring)).toEqual([12, 11, 10, 9, 8, 7, 6, 5]);
  expect(ring.spans).toBe(8);
  expect(ring.overwritten).toBe(4);
});

test('at high rates memory used last is used again, and every now and then some is left to be remembered', async () => {
  const clock = new FakeClock();
  const ring = ringOf(100, clock);
  const places = new Set<number>();
  for (let second = 0; second < 5; second++) {
    for (let i = 0; i < 50; i++) {
      places.add(ring.reserve(100)!.at);
      write(ring, 100, 100, 50 * second + i);
    }
    await clock.advance(1000);
  }
  expect(places.size).toBe(6);
  const seconds = marksOf(ring).map((mark) => Math.floor(mark! / 50));
  expect(seconds.slice(0, 2)).toEqual([4, 4]);
  expect(new Set(seconds)).toEqual(new Set([4, 3, 2, 1, 0]));
});

test('a held run is never overwritten: there is no room until one is let go', () => {
  const ring = ringOf(100);
  const held: Run[] = [];
  for (let run = write(ring, 100, 100, 1); run !== null; run = write(ring, 100, 100, held.length + 1)) {
    run.holders = 1;
    held.push(run);
  }
  expect(held).toHaveLength(ZONES);
  for (const [i, { bytes }] of held.entries()) expect(bytes.every((byte) => byte === i + 1)).toBe(true);
  held[3]!.holders = 0;
  write(ring, 100, 100, 99)!.holders = 1;
  expect(ring.reserve(100)).toBeNull();
});

test('what is larger than a zone has no room, and costs nothing that is remembered', () => {
  const ring = ringOf(400);
  write(ring, 10, 10, 1);
  expect(ring.maxRunBytes).toBe(400);
  expect(ring.reserve(401)).toBeNull();
  expect(marksOf(ring)).toEqual([1]);
});

test('a ring without memory takes nothing', () => {
  const ring = new SpanRing({ address: 0, capacity: 0, bytes: Buffer.alloc(0) }, new FakeClock());
  expect(ring.reserve(1)).toBeNull();
});

test('the number of runs is bounded too', async () => {
  const clock = new FakeClock();
  const ring = ringOf(2 ** 14, clock);
  for (let i = 0; i < 1000; i++) {
    write(ring, 1, 1, i % 256);
    await clock.advance(100);
  }
  expect(marksOf(ring).length).toBeLessThanOrEqual(ZONES * 8);
});

test('only the last reservation can be committed, once, within its capacity', () => {
  const ring = ringOf(1000);
  const first = ring.reserve(10)!;
  expect(() => ring.commit(first, 11, 1, null)).toThrow(RangeError);
  ring.commit(first, 10, 1, null);
  expect(() => ring.commit(first, 10, 1, null)).toThrow(RangeError);
});

test('runs keep their bytes for as long as they are remembered or held, whatever is written', async () => {
  const step = fc.record({
    reserved: fc.integer({ min: 1, max: 300 }),
    used: fc.nat(99).map((percent) => (percent + 1) / 100),
    passMs: fc.constantFrom(0, 0, 0, 1000),
    action: fc.constantFrom('write', 'write', 'write', 'hold', 'release'),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 100, max: 400 }),
      fc.array(step, { maxLength: 80 }),
      async (zoneBytes, steps) => {
        const clock = new FakeClock();
        const ring = ringOf(zoneBytes, clock);
        const written: { run: Run; mark: number }[] = [];
        let mark = 0;
        for (const { reserved, used, action, passMs } of steps) {
          if (passMs > 0) await clock.advance(passMs);
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
          expect(ring.spans + ring.overwritten).toBe(written.length);
        }
      },
    ),
    { numRuns: 60 },
  );
});
