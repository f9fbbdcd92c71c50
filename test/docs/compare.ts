/**
 * Compares what a command really printed with what the documentation shows. Times, ids, durations, sizes and percentages
 * differ each time and are compared by their kind; everything else must be the same. `…` stands for anything: a value, the
 * rest of a list or of an object, some lines.
 */

export interface Comparison {
  /** Numbers may differ, too: counters and rates. */
  readonly about: boolean;
}

const REST = '…';

/** What differs, with where; empty when nothing does. @param shown what the documentation has. */
export function differences(language: string, shown: string, real: string, how: Comparison): string[] {
  if (language !== 'json') return textDifferences(shown, real, how);
  let value: unknown;
  try {
    value = JSON.parse(real);
  } catch {
    return [`the answer is no JSON: ${real.slice(0, 300)}`];
  }
  return jsonDifferences(JSON.parse(shown), value, how, '$');
}

function jsonDifferences(shown: unknown, real: unknown, how: Comparison, at: string): string[] {
  if (shown === REST) return [];
  if (Array.isArray(shown) && Array.isArray(real)) {
    const open = shown.at(-1) === REST;
    const expected = open ? shown.slice(0, -1) : shown;
    if (open ? real.length < expected.length : real.length !== expected.length)
      return [`${at}: ${expected.length} entries are shown, ${real.length} are there`];
    return expected.flatMap((each, i) => jsonDifferences(each, real[i], how, `${at}[${i}]`));
  }
  if (isObject(shown) && isObject(real)) {
    const keys = Object.keys(shown).filter((key) => key !== REST);
    const missing = keys.filter((key) => !(key in real)).map((key) => `${at}.${key}: is not in the answer`);
    const unknown = REST in shown ? [] : Object.keys(real).filter((key) => !(key in shown));
    return [
      ...missing,
      ...unknown.map((key) => `${at}.${key}: is in the answer and not shown`),
      ...keys
        .filter((key) => key in real)
        .flatMap((key) => jsonDifferences(shown[key], real[key], how, `${at}.${key}`)),
    ];
  }
  if (typeof shown === 'number' && typeof real === 'number' && how.about) return [];
  const same =
    typeof shown === 'string' && typeof real === 'string'
      ? matches(shown, real, how)
      : JSON.stringify(shown) === JSON.stringify(real);
  return same ? [] : [`${at}: ${JSON.stringify(shown)} is shown, ${JSON.stringify(real)} is there`];
}

function textDifferences(shown: string, real: string, how: Comparison): string[] {
  const expected = linesOf(shown);
  const lines = linesOf(real);
  return fits(expected, lines, how)
    ? []
    : [`shown:\n${expected.join('\n')}\n\nthere is:\n${lines.join('\n')}`];
}

function linesOf(text: string): string[] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim().replace(/\s+/g, ' '));
}

function fits(shown: readonly string[], lines: readonly string[], how: Comparison): boolean {
  const [first, ...rest] = shown;
  if (first === undefined) return lines.length === 0;
  if (first === REST) {
    return Array.from({ length: lines.length + 1 }, (_, i) => i).some((i) => fits(rest, lines.slice(i), how));
  }
  return lines.length > 0 && matches(first, lines[0]!, how) && fits(rest, lines.slice(1), how);
}

function matches(shown: string, real: string, how: Comparison): boolean {
  const parts = kinds(shown, how).split(REST);
  const pattern = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')).join('[^\\n]*');
  return new RegExp(`^${pattern}$`).test(kinds(real, how));
}

/** The text with every value that differs from run to run replaced by what kind of value it is. */
function kinds(text: string, { about }: Comparison): string {
  const plain = text
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
    .replace(/\b[0-9a-f]{8}-[0-9a-z]{8}-[0-9a-f]{12}\b/g, '<record uid>')
    .replace(/\b[0-9a-f]{32}\b/g, '<trace id>')
    .replace(/\b[0-9a-f]{16}\b/g, '<span id>');
  if (!about) return plain;
  return plain
    .replace(/\b\d[\d.,]*(?:[KMGT]i?B|B)\b/g, '<size>')
    .replace(/\b(?:\d[\d.]* ?(?:ns|µs|ms|s|m|h|d))+\b/g, '<duration>')
    .replace(/\b\d[\d.,]*(?:e-?\d+)?\b/g, '<number>');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
