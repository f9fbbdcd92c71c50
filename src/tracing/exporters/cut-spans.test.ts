import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainSpan, runOf } from '../../../test/stubs/spans.ts';
import { decodeSpans } from '../spans/spans-decoder.ts';
import { cutSpans } from './cut-spans.ts';

/** A run of traces with so many spans each. */
const run = (traces: readonly number[]) =>
  runOf(traces.flatMap((spans, trace) => Array.from({ length: spans }, (_, n) => plainSpan(trace + 1, n))))
    .bytes;

test('takes as many whole traces as fit, and a part only of one that is larger than the limit', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 45 }),
      (traces, maxSpans) => {
        const bytes = run(traces);
        const { spans, end, torn } = cutSpans(bytes, maxSpans, Number.POSITIVE_INFINITY);
        let whole = 0;
        for (const count of traces) {
          if (whole + count > maxSpans) break;
          whole += count;
        }
        expect(torn).toBe(whole === 0);
        expect(spans).toBe(whole === 0 ? maxSpans : whole);
        expect(decodeSpans(bytes.subarray(0, end))).toHaveLength(spans);
        decodeSpans(bytes.subarray(end));
      },
    ),
  );
});

test('stays within the bytes, but takes one span at least', () => {
  const bytes = run([1, 1, 1]);
  const each = bytes.length / 3;
  expect(cutSpans(bytes, 9, each * 2)).toEqual({ spans: 2, end: each * 2, torn: false });
  expect(cutSpans(bytes, 9, each * 2 - 1)).toEqual({ spans: 1, end: each, torn: false });
  expect(cutSpans(bytes, 9, 1)).toEqual({ spans: 1, end: each, torn: false });
});

test('never leaves the bytes, whatever they are', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 80 }),
      fc.nat(9),
      fc.nat(90),
      (bytes, spans, size) => {
        const { end } = cutSpans(Buffer.from(bytes), spans, size);
        expect(end).toBeGreaterThan(0);
        expect(end).toBeLessThanOrEqual(bytes.length);
      },
    ),
  );
});
