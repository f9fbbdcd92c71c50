import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byteSize, duration, formatByteSize, formatDuration, parseByteSize, parseDuration } from './units.ts';

describe('parseDuration', () => {
  test.each([
    ['0', 0],
    ['0s', 0],
    ['500ms', 500],
    ['1.5s', 1500],
    ['30s', 30_000],
    ['1m30s', 90_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
  ])('%s is %d ms', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  test.each(['', '5', 's', '-1s', '1 s', '1S', '1min', '1.s', '.5s', '1s ', '1e3ms', '30s1'])(
    'refuses %j',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  test('adds its parts up', () => {
    const part = fc.tuple(fc.nat(1000), fc.constantFrom('ms', 's', 'm', 'h', 'd'));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
        const sum = parts.reduce((total, [number, unit]) => total + parseDuration(`${number}${unit}`)!, 0);
        expect(parseDuration(parts.map(([number, unit]) => `${number}${unit}`).join(''))).toBe(sum);
      }),
    );
  });
});

describe('parseByteSize', () => {
  test.each([
    ['0', 0],
    ['12B', 12],
    ['64KiB', 65_536],
    ['10MB', 10_000_000],
    ['1.5MiB', 1_572_864],
    ['1GiB', 1_073_741_824],
    ['0.3B', 0],
  ])('%s is %d bytes', (text, expected) => {
    expect(parseByteSize(text)).toBe(expected);
  });

  test.each(['', '5', 'MiB', '-1MiB', '1 MiB', '1mib', '1M', '1kB', '1TiB', '1MiB2KiB'])(
    'refuses %j',
    (text) => {
      expect(parseByteSize(text)).toBeUndefined();
    },
  );
});

describe('duration', () => {
  const message = (schema: ReturnType<typeof duration>, value: unknown) =>
    schema.safeParse(value).error?.issues.map((issue) => issue.message);

  test('gives milliseconds', () => {
    expect(duration().parse('1m')).toBe(60_000);
  });

  test.each([0, '0'])('takes %j without a unit', (zero) => {
    expect(duration().parse(zero)).toBe(0);
  });

  test('accepts its limits', () => {
    const limited = duration({ min: '1s', max: '1m' });
    expect([limited.parse('1s'), limited.parse('1m')]).toEqual([1000, 60_000]);
  });

  test.each([5, '5', 'soon', null, true, [], '999ms', '61s'])(
    'refuses %j with one message that names the limits',
    (value) => {
      expect(message(duration({ min: '1s', max: '1m' }), value)).toEqual([
        'expected a duration with a unit, such as 500ms, 30s or 5m, at least 1s, at most 1m',
      ]);
    },
  );

  test('refuses what a timer cannot wait', () => {
    expect(duration().safeParse('25d').success).toBe(false);
  });

  test('may be longer where nothing waits for it', () => {
    expect(duration({ max: '365d' }).parse('90d')).toBe(90 * 86_400_000);
  });
});

describe('byteSize', () => {
  test('gives bytes', () => {
    expect(byteSize().parse('1MiB')).toBe(1_048_576);
  });

  test.each([1024, '1024', '10KB', '9MiB', undefined])(
    'refuses %j with one message that names the limits',
    (value) => {
      const { error } = byteSize({ min: '64KiB', max: '8MiB' }).safeParse(value);
      expect(error?.issues.map((issue) => issue.message)).toEqual([
        'expected a size with a unit, such as 64KiB, 1MiB or 10MB, at least 64KiB, at most 8MiB',
      ]);
    },
  );
});

describe('formatting', () => {
  test.each([
    [0, '0ms'],
    [1500, '1500ms'],
    [30_000, '30s'],
    [90_000, '90s'],
    [7_200_000, '2h'],
    [86_400_000, '1d'],
  ])('%d ms is written %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  test('a whole number of milliseconds reads back as it was written', () => {
    fc.assert(
      fc.property(fc.nat(), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });

  test.each([
    [0, '0B'],
    [1023, '1023B'],
    [1024, '1KiB'],
    [1_948_576, '1.86MiB'],
    [2 ** 31, '2GiB'],
  ])('%d bytes are written %s', (bytes, text) => {
    expect(formatByteSize(bytes)).toBe(text);
  });
});
