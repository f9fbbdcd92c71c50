import { z } from 'zod';

const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 60e3, h: 3600e3, d: 86400e3 };
const SIZE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;
const SIZE = /^(\d+(?:\.\d+)?)(B|KB|MB|GB|KiB|MiB|GiB)$/;

/** Milliseconds of a text such as `500ms`, `30s`, `1m30s`, `24h` or `0`; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!DURATION.test(text)) return undefined;
  let total = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    total += Number(number) * DURATION_UNITS[unit!]!;
  }
  return total;
}

/** Bytes of a text such as `64KiB`, `10MB` or `0`, rounded down; undefined when it is none. */
export function parseByteSize(text: string): number | undefined {
  if (text === '0') return 0;
  const match = SIZE.exec(text);
  return match === null ? undefined : Math.floor(Number(match[1]) * SIZE_UNITS[match[2]!]!);
}

/** Milliseconds as the configuration would write them, in the largest unit that leaves no fraction. */
export function formatDuration(milliseconds: number): string {
  const unit =
    ['d', 'h', 'm', 's'].find((name) => milliseconds >= 1 && milliseconds % DURATION_UNITS[name]! === 0) ??
    'ms';
  return `${milliseconds / DURATION_UNITS[unit]!}${unit}`;
}

/** Bytes as the configuration would write them: the largest binary unit, with two digits behind the point at most. */
export function formatByteSize(bytes: number): string {
  const unit = ['GiB', 'MiB', 'KiB'].find((name) => bytes >= SIZE_UNITS[name]!) ?? 'B';
  return `${Math.round((bytes / SIZE_UNITS[unit]!) * 100) / 100}${unit}`;
}

/** What a timer of Node can wait is 2^31 - 1 ms (https://nodejs.org/api/timers.html), a little under 25 days. */
const LONGEST_DURATION = '24d';

interface Limits {
  /** Smallest and largest accepted value, written as in the configuration. */
  readonly min?: string;
  readonly max?: string;
}

function quantity(
  pattern: RegExp,
  parse: (text: string) => number | undefined,
  accepted: string,
  limits: Limits,
) {
  const min = limits.min === undefined ? 0 : parse(limits.min)!;
  const max = limits.max === undefined ? Number.POSITIVE_INFINITY : parse(limits.max)!;
  const range =
    (limits.min === undefined ? '' : `, at least ${limits.min}`) +
    (limits.max === undefined ? '' : `, at most ${limits.max}`);
  const message = `expected ${accepted}${range}`;
  const text = z.string().regex(new RegExp(`^0$|${pattern.source}`), { error: message });
  return z.union([z.literal(0), text], { error: message }).transform((value, context) => {
    const parsed = value === 0 ? 0 : parse(value)!;
    if (parsed < min || parsed > max) {
      context.addIssue({ code: 'custom', message, input: value });
      return z.NEVER;
    }
    return parsed;
  });
}

/**
 * Schema of a duration with a unit; its output is milliseconds, at most 24 days unless `max` says otherwise.
 * Give defaults with `.prefault('5s')`.
 */
export function duration(limits: Limits = {}) {
  const bounded = { ...limits, max: limits.max ?? LONGEST_DURATION };
  return quantity(DURATION, parseDuration, 'a duration with a unit, such as 500ms, 30s or 5m', bounded);
}

/** Schema of a size with a unit; its output is bytes. Give defaults with `.prefault('1MiB')`. */
export function byteSize(limits: Limits = {}) {
  return quantity(SIZE, parseByteSize, 'a size with a unit, such as 64KiB, 1MiB or 10MB', limits);
}
