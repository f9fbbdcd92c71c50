import { expect, test } from 'vitest';
import { TracingRig } from '../../test/fixtures/tracing.ts';

const LINE = 'a line';
const LINES = 40;

/** Log spans of as many lines, read from this position of a file on, with an exporter that takes compressed spans. */
async function tracedFrom(position: number) {
  const rig = new TracingRig({ tracing: { mode: 'full-e2e', exporter: { type: 'otlp' } } });
  const stream = rig.stream();
  stream.position = position;
  await rig.deliver(Array(LINES).fill(LINE), stream);
  return {
    isCompressed: rig.exporter.runs.some(({ deflated }) => deflated !== null),
    offsets: rig.named('log.process').map(({ attributes }) => attributes['log.offset']),
  };
}

/** Compressed spans have the upper halves of their positions in common, which begin anew at multiples of 2^28. */
test.each([
  ['before', 2 ** 28 - LINES * (LINE.length + 1), true],
  ['behind', 2 ** 28, true],
  ['far behind', 5 * 2 ** 40 + 3, true],
  ['across', 2 ** 28 - 50, false],
  ['across a later one', 7 * 2 ** 28 - 50, false],
])('positions are true %s a multiple of 2^28', async (_, position, isCompressed) => {
  const traced = await tracedFrom(position);
  expect(traced.offsets.map(Number)).toEqual(
    Array.from({ length: LINES }, (_, i) => position + i * (LINE.length + 1)),
  );
  expect(traced.isCompressed).toBe(isCompressed);
});
