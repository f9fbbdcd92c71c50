import { describe, expect, test } from 'vitest';
import { deliveryOf } from '../../../test/fixtures/pipeline.ts';
import { Kernel } from '../../kernel/kernel.ts';
import { ContextRow } from '../../record/traced.ts';
import { ContextReader } from './context-reader.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const WITH = `{"msg":"x","traceparent":"00-${TRACE_ID}-b7ad6b7169203331-01"}`;
const kernel = Kernel.create({ memoryBytes: 2 ** 20, slotBytes: 2 ** 14, slotRecords: 100 });

const present = (contexts: Uint8Array, rows: number) =>
  Array.from({ length: rows }, (_, row) => contexts[row * ContextRow.size + ContextRow.present]);

test('finds contexts in the text of sources that may carry them', () => {
  const { batch } = deliveryOf(kernel, ['{"msg":"none"}', WITH]);
  new ContextReader(kernel, () => true).read(batch);
  expect(batch.hasContexts).toBe(true);
  expect(present(batch.slot.contexts, 2)).toEqual([0, 1]);
  const at = ContextRow.size + ContextRow.traceId;
  expect(Buffer.from(batch.slot.contexts.subarray(at, at + 16)).toString('hex')).toBe(TRACE_ID);
});

test('does not look at sources that carry none', () => {
  const { batch } = deliveryOf(kernel, [WITH]);
  new ContextReader(kernel, () => false).read(batch);
  expect(batch.hasContexts).toBe(false);
});

describe('contexts that the source took from its protocol', () => {
  const GIVEN = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';
  const setUp = (lines: readonly string[]) => {
    const { batch } = deliveryOf(kernel, lines);
    for (let row = 0; row < lines.length; row++) {
      const at = row * ContextRow.size;
      batch.slot.contexts.fill(0xaa, at, at + 16);
      batch.slot.contexts[at + ContextRow.present] = 1;
    }
    batch.segments[0] = { ...batch.segments[0]!, hasContexts: true };
    const traceOf = (row: number) =>
      Buffer.from(batch.slot.contexts.subarray(row * ContextRow.size, row * ContextRow.size + 16)).toString(
        'hex',
      );
    return { batch, traceOf };
  };

  test('are kept', () => {
    const { batch, traceOf } = setUp(['plain', 'text']);
    new ContextReader(kernel, () => false).read(batch);
    expect(batch.hasContexts).toBe(true);
    expect([traceOf(0), traceOf(1)]).toEqual([GIVEN, GIVEN]);
  });

  test('give way to one in the text of the log', () => {
    const { batch, traceOf } = setUp([WITH, '{"msg":"none"}']);
    new ContextReader(kernel, () => true).read(batch);
    expect([traceOf(0), traceOf(1)]).toEqual([TRACE_ID, GIVEN]);
    expect(present(batch.slot.contexts, 2)).toEqual([1, 1]);
  });
});
