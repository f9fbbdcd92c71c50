import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode, ScopeSpansType } from '../../../test/stubs/otlp-trace.ts';
import { Field, OtlpWriter, putNanos, putPadded } from './otlp-writer.ts';

/** A span with these fields, decoded by protobufjs. */
function spanOf(write: (writer: OtlpWriter) => void, width = 3): Record<string, unknown> {
  const writer = new OtlpWriter();
  writer.message(Field.scopeSpans.spans, width, () => write(writer));
  const { spans } = decode(ScopeSpansType, writer.finish()) as { spans: Record<string, unknown>[] };
  return spans[0]!;
}

describe('attributes', () => {
  const cases: [string, string | boolean | number | bigint, object][] = [
    ['text', 'käse', { stringValue: 'käse' }],
    ['empty text', '', { stringValue: '' }],
    ['half a surrogate pair', 'x\ud800', { stringValue: 'x\ufffd' }],
    ['true', true, { boolValue: true }],
    ['false', false, { boolValue: false }],
    ['zero', 0, { intValue: '0' }],
    ['a large integer', 2 ** 53 - 1, { intValue: String(2 ** 53 - 1) }],
    ['a negative integer', -42, { intValue: '-42' }],
    ['64 bits', 2n ** 63n - 1n, { intValue: String(2n ** 63n - 1n) }],
    ['a fraction', 0.25, { doubleValue: 0.25 }],
    ['too large for an integer', 1e300, { doubleValue: 1e300 }],
  ];
  test.each(cases)('%s', (_, value, expected) => {
    const span = spanOf((writer) => writer.attribute(Field.span.attributes, 'key', value));
    expect(span.attributes).toEqual([{ key: 'key', value: expected }]);
  });

  test('of any length', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 300 }),
        fc.string({ maxLength: 20_000 }),
        (key, value) => {
          const span = spanOf((writer) => writer.attribute(Field.span.attributes, key, value));
          expect(span.attributes).toEqual([
            { key: key.toWellFormed(), value: { stringValue: value.toWellFormed() } },
          ]);
        },
      ),
      { numRuns: 30 },
    );
  });
});

test('what is to be patched has the place it says', () => {
  let at = 0;
  let numberAt = 0;
  let textAt = 0;
  const writer = new OtlpWriter();
  writer.message(Field.scopeSpans.spans, 4, () => {
    at = writer.bytesOf(Field.span.traceId, 16);
    numberAt = writer.paddedAttribute(Field.span.attributes, 'n', 0, 8);
    textAt = writer.openText(Field.span.attributes, 't', 'start-', 3);
  });
  const bytes = writer.finish();
  bytes.fill(0xab, at, at + 16);
  putPadded(bytes, numberAt, 123_456_789_012, 8);
  bytes.write('end', textAt);
  const { spans } = decode(ScopeSpansType, bytes) as { spans: object[] };
  expect(spans).toEqual([
    {
      traceId: Buffer.alloc(16, 0xab),
      attributes: [
        { key: 'n', value: { intValue: '123456789012' } },
        { key: 't', value: { stringValue: 'start-end' } },
      ],
    },
  ]);
});

test('a message longer than its length field can say is refused', () => {
  const writer = new OtlpWriter();
  expect(() => writer.message(1, 1, () => writer.text(2, 'x'.repeat(200)))).toThrow(RangeError);
});

test('padded numbers are varints of their width', () => {
  const number = fc.oneof(fc.nat(2 ** 30), fc.maxSafeInteger().map(Math.abs));
  fc.assert(
    fc.property(number, fc.integer({ min: 1, max: 8 }), (given, width) => {
      const value = Math.min(given, 2 ** (7 * Math.min(width, 7)) - 1);
      const bytes = Buffer.alloc(width);
      putPadded(bytes, 0, value, width);
      const groups = Array.from({ length: width }, (_, i) => Number((BigInt(value) >> BigInt(7 * i)) & 127n));
      expect([...bytes]).toEqual(groups.map((group, i) => (i < width - 1 ? group | 128 : group)));
    }),
  );
});

describe('times', () => {
  test('are nanoseconds, right to the microsecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e15 }), (micros) => {
        const words = new Uint32Array(2);
        putNanos(words, 0, micros / 1000);
        expect(Buffer.from(words.buffer).readBigUInt64LE()).toBe(BigInt(micros) * 1000n);
      }),
    );
  });

  test('keep their order', () => {
    const time = fc.double({ min: 0, max: 4e12, noNaN: true });
    fc.assert(
      fc.property(time, time, (a, b) => {
        const words = new Uint32Array(4);
        putNanos(words, 0, Math.min(a, b));
        putNanos(words, 2, Math.max(a, b));
        const bytes = Buffer.from(words.buffer);
        expect(bytes.readBigUInt64LE(0)).toBeLessThanOrEqual(bytes.readBigUInt64LE(8));
      }),
    );
  });
});
