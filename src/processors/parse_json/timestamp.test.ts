import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readTimestamp } from './timestamp.ts';

function read(value: unknown): bigint | undefined {
  const time = { seconds: Number.NaN, nanos: Number.NaN };
  if (!readTimestamp(value, time)) return undefined;
  return BigInt(time.seconds) * 1_000_000_000n + BigInt(time.nanos);
}

const NANOS = 1_795_370_711_123_456_789n; // 2026-11-22T18:05:11.123456789Z

test.each([
  ['2026-11-22T18:05:11Z', 1_795_370_711_000_000_000n],
  ['2026-11-22T18:05:11.1Z', 1_795_370_711_100_000_000n],
  ['2026-11-22T18:05:11.123Z', 1_795_370_711_123_000_000n],
  ['2026-11-22T18:05:11.123456789Z', NANOS],
  ['2026-11-22T18:05:11.1234567899999Z', NANOS],
  ['2026-11-22t18:05:11.123456789z', NANOS],
  ['2026-11-22 18:05:11,123456789', NANOS],
  ['2026-11-22T18:05:11.123456789', NANOS],
  ['2026-11-22T20:05:11.123456789+02:00', NANOS],
  ['2026-11-22T12:35:11.123456789-0530', NANOS],
  ['2026-11-22 19:05:11.123456789 +01', NANOS],
  ['1970-01-01T00:00:00Z', 0n],
  ['2000-02-29T00:00:00Z', 951_782_400_000_000_000n],
  ['2016-12-31T23:59:60Z', 1_483_228_800_000_000_000n],
])('%s is a time', (text, nanos) => {
  expect(read(text)).toBe(nanos);
});

test.each([
  [1_795_370_711, 1_795_370_711_000_000_000n],
  [1_795_370_711.123456, 1_795_370_711_123_456_000n],
  [1_795_370_711_123, 1_795_370_711_123_000_000n],
  [1_795_370_711_123.456, 1_795_370_711_123_456_000n],
  [1_795_370_711_123_456, 1_795_370_711_123_456_000n],
  [Number(NANOS), 1_795_370_711_123_457_000n],
  ['1795370711', 1_795_370_711_000_000_000n],
  ['1795370711.5', 1_795_370_711_500_000_000n],
  ['1795370711123', 1_795_370_711_123_000_000n],
  ['1795370711123456789', NANOS],
])('%s is a time by its magnitude', (value, nanos) => {
  expect(read(value)).toBe(nanos);
});

test.each([
  '',
  'now',
  '12',
  '2026-11-22',
  '2026-11-22T18:05',
  '2026-11-22T18:05:1',
  '2026-11-22T18:05:11.Z',
  '2026-11-22T18:05:11Zulu',
  '2026-11-22T18:05:11+',
  '2026-11-22T18:05:11+1:00',
  '2026-11-22T18:05:11+24:00',
  '2026-11-22T18:05:11+01:000',
  '2026-13-22T18:05:11Z',
  '2026-00-22T18:05:11Z',
  '2026-02-29T18:05:11Z',
  '1900-02-29T18:05:11Z',
  '2026-11-31T18:05:11Z',
  '2026-11-22T24:05:11Z',
  '2026-11-22T18:60:11Z',
  '2026-11-22T18:05:61Z',
  '2026/11/22T18:05:11Z',
  '1969-12-31T23:59:59Z',
  '2263-01-01T00:00:00Z',
  '1234-5678-9012-3456',
  '179537071112345678x',
  '0x6b0323d7',
  '1795370711e0',
  '9'.repeat(400),
  0,
  -1_795_370_711,
  12.5,
  1e19,
  1e300,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  null,
  undefined,
  true,
  {},
  [],
])('%s is no time', (value) => {
  expect(read(value)).toBeUndefined();
});

test('any time that a Date can print is read back', () => {
  const range = { min: new Date(0), max: new Date('2261-12-31T23:59:59.999Z'), noInvalidDate: true };
  fc.assert(
    fc.property(fc.date(range), (date) => {
      expect(read(date.toISOString())).toBe(BigInt(date.getTime()) * 1_000_000n);
    }),
  );
});

test('a zone shifts the time by its offset', () => {
  const offset = fc.tuple(
    fc.constantFrom('+', '-'),
    fc.integer({ min: 0, max: 23 }),
    fc.integer({ min: 0, max: 59 }),
  );
  fc.assert(
    fc.property(offset, ([sign, hours, minutes]) => {
      const zone = `${sign}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
      const text = `2026-11-22T18:05:11.5${zone}`;
      expect(read(text)).toBe(BigInt(Date.parse(text)) * 1_000_000n);
    }),
  );
});

test('no text makes it throw', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.jsonValue()), (value) => void read(value)));
});
