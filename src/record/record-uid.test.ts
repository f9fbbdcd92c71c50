import fc from 'fast-check';
import { expect, test } from 'vitest';
import { recordUid, textOfTime } from './record-uid.ts';

test('a time is its milliseconds in base 36, the last 8 digits', () => {
  const anyTime = fc.double({ min: 0, max: 2 ** 43, noNaN: true });
  // Where the upper four digits change.
  const edge = fc
    .tuple(fc.nat(2 ** 22), fc.constantFrom(-1, -(2 ** -10), 0, 2 ** -10))
    .map(([high, beside]) => Math.max(0, high * 36 ** 4 + beside));
  fc.assert(
    fc.property(fc.oneof(anyTime, edge), (ms) => {
      expect(textOfTime(ms)).toBe(Math.floor(ms).toString(36).padStart(8, '0').slice(-8));
    }),
  );
});

test('a uid tells stream, time and position apart', () => {
  const stream = { source: 'app', id: '/var/log/app.log' };
  const uids = [
    recordUid(stream, 0, 0n),
    recordUid({ ...stream, id: '/var/log/app.log.1' }, 0, 0n),
    recordUid(stream, 1, 0n),
    recordUid(stream, 0, 1n),
  ];
  expect(new Set(uids).size).toBe(4);
  expect(uids[3]).toMatch(/^[0-9a-f]{8}-00000000-000000000001$/);
});
