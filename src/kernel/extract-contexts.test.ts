import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ContextFlag, ContextRow } from './context-row.ts';
import { Kernel } from './kernel.ts';
import type { Slot } from './slot.ts';
import { extractContext, type TwinContext } from './twins/extract-contexts.ts';
import { liveRows, placement, put, rows, SLOT_BYTES, SLOT_RECORDS, smallKernel } from './twins/fixture.ts';

const kernel = smallKernel();
const slot = kernel.slots.take()!;

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

function scanned(text: Uint8Array | string, place: 'start' | 'middle' | 'end' = 'start', around = 0): number {
  const bytes = Buffer.from(text);
  const from = put(kernel, slot, bytes, place, around);
  const options = { from, length: bytes.length, firstRecord: 0, maxRecordBytes: SLOT_BYTES, final: true };
  return kernel.scanLines(slot, options).count;
}

function contextIn({ contexts }: Slot, row: number): TwinContext | null {
  const bytes = Buffer.from(contexts.subarray(row * ContextRow.size, (row + 1) * ContextRow.size));
  expect(bytes[ContextRow.present]).toBeLessThan(2);
  if (bytes[ContextRow.present] === 0) return null;
  return {
    traceId: bytes.toString('hex', ContextRow.traceId, ContextRow.traceId + 16),
    spanId: bytes.toString('hex', ContextRow.spanId, ContextRow.spanId + 8),
    flags: bytes[ContextRow.flags]!,
  };
}

function extracted(text: string, around = 0): TwinContext | null {
  const count = scanned(text, 'middle', around);
  slot.contexts.fill(0xff);
  kernel.extractContexts({ slot, first: 0, count, live: null });
  return contextIn(slot, 0);
}

const bad = fc.constantFrom('/', ':', '@', 'G', '`', 'g', '\0', '\x10', '\x7f', '\xff');
const digits = (length: number) =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .array(fc.constantFrom(...'0123456789abcdefAF'.split('')), { minLength: length, maxLength: length })
        .map((list) => list.join('')),
    },
    fc.constantFrom('0'.repeat(length), 'f'.repeat(length), `${'0'.repeat(length - 1)}1`),
    fc.constantFrom('2'.repeat(length - 1), '3'.repeat(length + 1)),
    fc
      .tuple(fc.nat(length - 1), bad)
      .map(([at, character]) => `${'1'.repeat(at)}${character}${'1'.repeat(length - 1 - at)}`),
  );
const quoted = (text: fc.Arbitrary<string>) => text.map((inner) => `"${inner}"`);
const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, fc.constantFrom(...others));
const parent = fc
  .tuple(
    mostly('00-', '01-', '0-', '00_'),
    digits(32),
    mostly('-', '_'),
    digits(16),
    mostly('-', '_'),
    digits(2),
  )
  .map((parts) => parts.join(''));
const number = fc.constantFrom('1', '0', '255', '256', '01', '1.5', '1e2', '-1', 'null', '4294967297', '');
/** Names with the values they should have. */
const fitting = fc.oneof(
  fc.tuple(fc.constant('trace_id'), quoted(digits(32))),
  fc.tuple(fc.constant('span_id'), quoted(digits(16))),
  fc.tuple(fc.constant('trace_flags'), fc.oneof(quoted(digits(2)), number)),
  fc.tuple(fc.constant('traceparent'), quoted(parent)),
);
const unfitting = fc.tuple(
  fc.constantFrom(
    'trace_id',
    'span_id',
    'trace_flags',
    'traceparent',
    'Trace_id',
    'span_ids',
    'tracepar',
    'tr',
  ),
  fc.oneof(quoted(digits(32)), quoted(digits(16)), quoted(parent), number, fc.constantFrom('""', '"')),
);
const space = mostly('', ' ', '\t', '  ', ' \r', '\v', '\f', '\xa0');
const field = fc
  .tuple(fc.oneof({ weight: 5, arbitrary: fitting }, unfitting), space, mostly(':', ''), space)
  .map(([[name, value], before, colon, behind]) => `"${name}"${before}${colon}${behind}${value}`);
const part = fc.oneof(
  { weight: 8, arbitrary: field },
  fc.constantFrom(',', '{', '}', '"', '\\"', ' '),
  fc.string({ maxLength: 20 }),
  fc.nat(70).map((length) => 'x'.repeat(length)),
);
/** JSON, nearly. */
const records = fc
  .array(fc.tuple(part, fc.constantFrom(',', ',', ', ', ',', ',', ',', '\n', '}\n{', '')), { maxLength: 30 })
  .map((parts) => Buffer.from(parts.flat().join(''), 'latin1').subarray(0, SLOT_BYTES));

describe('extractContexts', () => {
  test('agrees with its twin on any text and choice of records', () => {
    fc.assert(
      fc.property(
        records,
        placement,
        fc.constantFrom(0, 0x22, 0x74),
        liveRows(SLOT_RECORDS),
        (text, place, around, list) => {
          const count = scanned(text, place, around);
          const live = list?.filter((row) => row < count) ?? null;
          slot.contexts.fill(0xff);
          const present = kernel.extractContexts({ slot, first: 0, count, live });
          const chosen = live === null ? Array.from({ length: count }, (_, row) => row) : [...live];
          const all = rows(slot, count);
          const wanted = chosen.map((row) => {
            const { start, length } = all[row]!;
            return extractContext(kernel.bytes.subarray(start, start + length));
          });
          expect(chosen.map((row) => contextIn(slot, row))).toEqual(wanted);
          expect(present).toBe(wanted.filter((context) => context !== null).length);
          for (let row = 0; row < SLOT_RECORDS; row++) {
            if (!chosen.includes(row)) expect(slot.contexts[row * ContextRow.size]).toBe(0xff);
          }
        },
      ),
      { numRuns: 1500 },
    );
  });

  test.each([
    ['traceparent', `{"traceparent":"00-${TRACE}-${SPAN}-01"}`, 1],
    ['traceparent with flags of later versions', `{"traceparent":"00-${TRACE}-${SPAN}-ff"}`, 0x7f],
    ['ids and flags as text', `{"trace_id":"${TRACE}","span_id":"${SPAN}","trace_flags":"01"}`, 1],
    ['flags as a number', `{"trace_flags": 1, "span_id": "${SPAN}", "trace_id": "${TRACE}"}`, 1],
    ['not sampled', `{"trace_id":"${TRACE}","span_id":"${SPAN}","trace_flags":0}`, 0],
    ['the first flags', `{"trace_flags":"00","trace_flags":1,"trace_id":"${TRACE}","span_id":"${SPAN}"}`, 0],
    [
      'the first good flags',
      `{"trace_flags":256,"trace_flags":1.5,"trace_flags":3,"trace_id":"${TRACE}","span_id":"${SPAN}"}`,
      3,
    ],
    ['no flags', `{"trace_id":"${TRACE}","span_id":"${SPAN}"}`, ContextFlag.unknown],
    [
      'upper case digits',
      `{"trace_id":"${TRACE.toUpperCase()}","span_id":"${SPAN.toUpperCase()}"}`,
      ContextFlag.unknown,
    ],
    ['in an inner object', `{"ctx":{"trace_id":"${TRACE}","span_id":"${SPAN}"}}`, ContextFlag.unknown],
    [
      'traceparent over other ids',
      `{"trace_id":"${'1'.repeat(32)}","span_id":"${SPAN}","traceparent":"00-${TRACE}-${SPAN}-00"}`,
      0,
    ],
  ])('finds %s', (_, text, flags) => {
    expect(extracted(text)).toEqual({ traceId: TRACE, spanId: SPAN, flags });
  });

  test.each([
    ['without a span id', `{"trace_id":"${TRACE}","trace_flags":1}`],
    ['of zeros', `{"traceparent":"00-${'0'.repeat(32)}-${SPAN}-01"}`],
    ['with a span id of zeros', `{"trace_id":"${TRACE}","span_id":"${'0'.repeat(16)}"}`],
    ['of another version', `{"traceparent":"01-${TRACE}-${SPAN}-01"}`],
    ['too long', `{"traceparent":"00-${TRACE}-${SPAN}-011"}`],
    ['with names in capitals', `{"TRACE_ID":"${TRACE}","SPAN_ID":"${SPAN}"}`],
    ['in quoted text', `{"msg":"{\\"trace_id\\":\\"${TRACE}\\",\\"span_id\\":\\"${SPAN}\\"}"}`],
    ['divided over two records', `{"trace_id":"${TRACE}",\n"span_id":"${SPAN}"}`],
    ['cut off', `{"span_id":"${SPAN}","trace_id":"${TRACE}`],
  ])('takes no context %s', (_, text) => {
    expect(extracted(text)).toBeNull();
  });

  test('finds one at any place of a long record', () => {
    const large = Kernel.create({ memoryBytes: 2 ** 18, slotBytes: 2 ** 14, slotRecords: 10 });
    const slot = large.slots.take()!;
    const context = `"traceparent":"00-${TRACE}-${SPAN}-01"`;
    for (const place of [4096, 8192, 12_288].flatMap((edge) =>
      Array.from({ length: 90 }, (_, i) => edge - i),
    )) {
      const text = `${'x'.repeat(place)}${context}\nno context\n${context}`;
      slot.bytes.write(text);
      const options = {
        from: 0,
        length: text.length,
        firstRecord: 0,
        maxRecordBytes: 2 ** 14,
        final: true,
      };
      const { count } = large.scanLines(slot, options);
      slot.contexts.fill(0xff);
      expect(large.extractContexts({ slot, first: 0, count, live: null })).toBe(2);
      expect([0, 1, 2].map((row) => contextIn(slot, row)?.traceId)).toEqual([TRACE, undefined, TRACE]);
    }
  });

  test('finds one in records that lie apart or out of order', () => {
    const context = (n: number) => `{"traceparent":"00-${String(n).repeat(32)}-${SPAN}-01"}`;
    const count = scanned([1, 2, 3].map((n) => `${context(n)}${' '.repeat(100)}`).join('\n'));
    slot.lengths.fill(context(0).length, 0, count);
    [slot.starts[0], slot.starts[2]] = [slot.starts[2]!, slot.starts[0]!];
    expect(kernel.extractContexts({ slot, first: 0, count, live: null })).toBe(3);
    const found = [0, 1, 2].map((row) => contextIn(slot, row)?.traceId[0]);
    expect(found).toEqual(['3', '2', '1']);
  });

  test('sees nothing of what lies around a record', () => {
    expect(extracted(`trace_id":"${TRACE}","span_id":"${SPAN}"`, 0x22)).toBeNull();
    expect(extracted(`"trace_id":"${TRACE}","span_id":"${SPAN}`, 0x22)).toBeNull();
  });
});

describe('maySaySampled', () => {
  test('misses no context that says so', () => {
    fc.assert(
      fc.property(records, placement, liveRows(SLOT_RECORDS), (text, place, list) => {
        const count = scanned(text, place);
        const live = list?.filter((row) => row < count) ?? null;
        const chosen = live === null ? rows(slot, count) : [...live].map((row) => rows(slot, count)[row]!);
        const says = chosen.some(({ start, length }) => {
          const context = extractContext(kernel.bytes.subarray(start, start + length));
          return context !== null && (context.flags & ContextFlag.unknown) === 0;
        });
        const may = kernel.maySaySampled({ slot, first: 0, count, live });
        expect(may || !says).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['nothing', ''],
    ['other text of eleven letters', '{"duration_ms":12,"start_event":1,"traceparenx":"","trace_flagz":1}'],
    ['ids alone', `{"trace_id":"${TRACE}","span_id":"${SPAN}"}`],
    ['the names as a value within quoted text', '{"msg":"\\"traceparent\\": \\"trace_flags\\""}'],
  ])('is false for %s', (_, text) => {
    const count = scanned(text, 'middle', 0x22);
    expect(kernel.maySaySampled({ slot, first: 0, count, live: null })).toBe(false);
  });
});
