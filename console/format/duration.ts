/** Lengths of time in words for people; the rules are those of the console's design, "Numbers and units". */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `0.3 ms`, `96.2 ms`, `284 ms`, `1.31 s`, `2 min 10 s`, `1 h 47 min`, `3 d 4 h`. @param ms Milliseconds. */
export function duration(ms: number): string {
  if (ms <= 0) return '0 ms';
  if (ms < 0.05) return 'under 0.1 ms';
  if (ms < 99.95) return `${Number(ms.toFixed(1))} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${Number((ms / SECOND).toFixed(ms < 9995 ? 2 : 1))} s`;
  return countdown(ms / SECOND);
}

/** Whole seconds, as time goes by: `12 s`, `4 min 12 s`, `1 h 47 min`. */
export function countdown(seconds: number): string {
  const ms = Math.max(0, Math.round(seconds)) * SECOND;
  if (ms < MINUTE) return `${ms / SECOND} s`;
  if (ms < HOUR) return pair(ms, MINUTE, 'min', SECOND, 's');
  if (ms < DAY) return pair(ms, HOUR, 'h', MINUTE, 'min');
  return pair(ms, DAY, 'd', HOUR, 'h');
}

function pair(ms: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)} ${largeUnit}${rest > 0 ? ` ${rest} ${smallUnit}` : ''}`;
}

/** As the configuration and the API write it: `10m`, `1h`, `90s`. */
export function written(minutes: number): string {
  return minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
}

/** Milliseconds of what the API writes, such as `9m30s` or `500ms`; NaN when it is none. */
export function parse(text: string): number {
  const units: Record<string, number> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY };
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text.trim()) return Number.NaN;
  return parts.reduce((sum, [, value, unit]) => sum + Number(value) * units[unit!]!, 0);
}
