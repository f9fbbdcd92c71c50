import { expect, test } from 'vitest';
import { Kernel } from '../kernel/kernel.ts';
import { stampOf } from './stamp.ts';
import { ContextRow, type Traced } from './traced.ts';

const kernel = Kernel.create({ memoryBytes: 2 ** 20, slotBytes: 2 ** 14, slotRecords: 100 });
const slot = kernel.slots.take()!;
const traced: Traced = {
  rows: Uint32Array.of(2, 5, 9),
  count: 3,
  prefix: 3n,
  seed: 42n,
  threshold: 0n,
  hasContexts: false,
  stamp: 'trace_id',
};

test('stamps exactly the traced rows', () => {
  const stamped = Array.from({ length: 12 }, (_, row) => row).filter((row) =>
    stampOf(kernel, slot, traced, row),
  );
  expect(stamped).toEqual([2, 5, 9]);
});

test('without a list every row is traced, without tracing none', () => {
  expect(stampOf(kernel, slot, { ...traced, rows: null }, 7)).toBeDefined();
  expect(stampOf(kernel, slot, null, 7)).toBeUndefined();
  expect(stampOf(kernel, slot, { ...traced, stamp: 'none' }, 5)).toBeUndefined();
});

test('writes the ids that the spans of the row have', () => {
  expect(stampOf(kernel, slot, traced, 5)).toEqual({
    trace_id: kernel.traceId(traced, 0n, 5).toString('hex'),
  });
  expect(stampOf(kernel, slot, { ...traced, stamp: 'trace_and_span' }, 5)).toEqual({
    trace_id: kernel.traceId(traced, 0n, 5).toString('hex'),
    span_id: kernel.spanId(42n, 0n, 5, 0).toString('hex'),
  });
});

test('a log that came with a context keeps its trace id', () => {
  slot.contexts.fill(0);
  const at = 5 * ContextRow.size;
  slot.contexts.fill(0xab, at + ContextRow.traceId, at + ContextRow.traceId + 16);
  slot.contexts[at + ContextRow.present] = 1;
  const withContexts = { ...traced, hasContexts: true };
  expect(stampOf(kernel, slot, withContexts, 5)!.trace_id).toBe('ab'.repeat(16));
  expect(stampOf(kernel, slot, withContexts, 2)!.trace_id).toBe(
    kernel.traceId(traced, 0n, 2).toString('hex'),
  );
});
