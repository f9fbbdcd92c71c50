/** Counts, rates and shares in words for people. The rules are those of the console's design, "Numbers and units". */

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** From here on a rate has three figures and a letter. */
const EXACT_RATES = 100_000;
const LETTERS = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;

/** Every digit: `404,031,852`. */
export function count(value: number): string {
  return whole.format(value);
}

/** `1 log`, `2 logs`. */
export function counted(value: number, one: string, several = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : several}`;
}

/** A rate without its unit: exact below 100,000, then three figures; one decimal below 10. */
export function figure(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 0.05) return 'under 0.1';
  if (size < 9.95) return String(Number(value.toFixed(1)));
  if (size < EXACT_RATES) return whole.format(value);
  return short(value);
}

/** Three figures and a letter: `1.24 M`, `640 k`. */
export function short(value: number): string {
  const [unit, letter] = LETTERS.find(([least]) => Math.abs(value) >= least * 0.9995) ?? [1, ''];
  if (letter === '') return String(Number(value.toPrecision(3)));
  const scaled = value / unit;
  return `${Math.abs(scaled) >= 100 ? scaled.toFixed(0) : scaled.toPrecision(3)} ${letter}`;
}

/** `50,005/s`. */
export function rate(perSecond: number): string {
  return `${figure(perSecond)}/s`;
}

/** Of 0..1, as a percentage that never says 0 or 100 of what is not. */
export function share(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value <= 0) return '0 %';
  if (value >= 1) return value === 1 ? '100 %' : `${whole.format(value * 100)} %`;
  const percent = value * 100;
  if (percent < 0.01) return 'under 0.01 %';
  if (percent > 99.99) return 'over 99.99 %';
  const decimals = percent < 5 || percent > 95 ? 2 : 1;
  return `${Number(percent.toFixed(decimals))} %`;
}

/** What something adds to the CPU time of everything else, 0..: `+0.2 %`. */
export function cost(value: number): string {
  if (value <= 0) return '0';
  if (value < 0.001) return 'under +0.1 %';
  return `+${value < 0.1 ? Number((value * 100).toFixed(1)) : Math.round(value * 100)} %`;
}

/** A sampling rate as one in how many: `1 in 50`; the ends in words. */
export function oneIn(value: number): string {
  if (value <= 0) return 'none';
  if (value >= 1) return 'every log';
  return `1 in ${count(Math.round(1 / value))}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function list(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
