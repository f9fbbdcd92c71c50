/** How many logs are traced, which ones, and which ids they get: distributions, through dispatcher, tracing and kernel. */
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/tracing/decision/decision.fixture.ts';
import { type Span, TracingRig } from '../fixtures/tracing.ts';

const BATCHES = 150;
const LOGS = 700;
const TOTAL = BATCHES * LOGS;
/** Ids begin at a random place in every run, so that only what happens less than once in ten million runs may fail. */
const DEVIATIONS = 5.5;

const made = new Map<number, Promise<readonly Span[]>>();

/** Roots of the logs that are traced at this base rate; the same ones for every test. */
function rootsAt(rate: number): Promise<readonly Span[]> {
  let roots = made.get(rate);
  if (roots === undefined) {
    roots = trace(rate);
    made.set(rate, roots);
  }
  return roots;
}

async function trace(rate: number): Promise<readonly Span[]> {
  const tracing = { mode: 'hybrid', log_tracing_rate: rate, log_spans: 'compact' };
  const rig = new TracingRig({ tracing, random: seededRandom(7), spanBytes: 2 ** 27 });
  const lines = Array.from({ length: LOGS }, (_, i) => `line ${String(i).padStart(4, '0')}`);
  for (let batch = 0; batch < BATCHES; batch++) await rig.deliver(lines);
  return rig.named('log.process');
}

/** Every line has 10 bytes with its end. */
const rowOf = ({ attributes }: Span) => ((attributes['log.offset'] as number) / 10) % LOGS;
const low56 = ({ traceId }: Span) => BigInt(`0x${traceId.slice(-14)}`);

/** Chi-square of values in 0 to 1 over equal bins, as standard deviations from what is expected (Wilson, Hilferty 1931). */
function unevenness(values: readonly number[], bins: number): number {
  const counts = Array.from({ length: bins }, () => 0);
  for (const value of values) counts[Math.min(bins - 1, Math.floor(value * bins))]!++;
  const expected = values.length / bins;
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  const freedom = bins - 1;
  const spread = 2 / (9 * freedom);
  return (Math.cbrt(chiSquare / freedom) - (1 - spread)) / Math.sqrt(spread);
}

describe.each([0.01, 0.1, 0.5])('at a rate of %d', (rate) => {
  test('that share of logs is traced, wherever in a batch they are', async () => {
    const roots = await rootsAt(rate);
    const deviation = Math.sqrt(TOTAL * rate * (1 - rate));
    expect(Math.abs(roots.length - TOTAL * rate)).toBeLessThan(DEVIATIONS * deviation);
    expect(
      unevenness(
        roots.map((span) => (rowOf(span) + 0.5) / LOGS),
        20,
      ),
    ).toBeLessThan(DEVIATIONS);
    const first = roots.filter((span) => rowOf(span) === 0).length;
    const last = roots.filter((span) => rowOf(span) === LOGS - 1).length;
    const onePosition = Math.sqrt(BATCHES * rate * (1 - rate));
    for (const count of [first, last]) {
      expect(Math.abs(count - BATCHES * rate)).toBeLessThan(1 + DEVIATIONS * onePosition);
    }
  });

  test('ids are above the threshold that they carry, and even there', async () => {
    const roots = await rootsAt(rate);
    const states = new Set(roots.map(({ traceState }) => traceState));
    expect(states.size).toBe(1);
    const digits = /^ot=th:([0-9a-f]{1,14})$/.exec([...states][0]!)![1]!;
    const threshold = BigInt(`0x${digits.padEnd(14, '0')}`);
    expect(1 - Number(threshold) / 2 ** 56).toBeCloseTo(rate, 12);
    const places = roots.map((span) => Number(low56(span) - threshold) / Number((1n << 56n) - threshold));
    expect(Math.min(...places)).toBeGreaterThanOrEqual(0);
    expect(unevenness(places, 16)).toBeLessThan(DEVIATIONS);
    // So is the rest of the id; its first half is one for each batch.
    const prefixes = new Set(roots.map(({ traceId }) => traceId.slice(0, 16)));
    expect(prefixes.size).toBeLessThanOrEqual(BATCHES);
    const evenIn = (ids: Iterable<string>, at: number) =>
      unevenness(
        Array.from(ids, (id) => Number.parseInt(id.slice(at, at + 2), 16) / 256),
        16,
      );
    for (const at of [0, 8, 14]) expect(evenIn(prefixes, at)).toBeLessThan(DEVIATIONS);
    expect(
      evenIn(
        roots.map(({ traceId }) => traceId),
        16,
      ),
    ).toBeLessThan(DEVIATIONS);
    const spanIds = roots.map(({ spanId }) => Number.parseInt(spanId.slice(0, 8), 16) / 2 ** 32);
    expect(unevenness(spanIds, 16)).toBeLessThan(DEVIATIONS);
  });
});

test('a consistent sampler behind the agent keeps of its traces just those with enough randomness', async () => {
  const roots = await rootsAt(0.5);
  // One that samples one in eight of all, as OpenTelemetry's collector does with th:e.
  const kept = roots.filter((span) => low56(span) >= 0xe0n << 48n).length;
  const deviation = Math.sqrt(TOTAL * 0.125 * 0.875);
  expect(Math.abs(kept - TOTAL * 0.125)).toBeLessThan(DEVIATIONS * deviation);
});

test('ids are distinct, within an agent and over agents', async () => {
  const roots = (await Promise.all([0.5, 0.1, 0.01].map(rootsAt))).flat();
  expect(new Set(roots.map(({ traceId }) => traceId)).size).toBe(roots.length);
  expect(new Set(roots.map(({ spanId }) => spanId)).size).toBe(roots.length);
});
