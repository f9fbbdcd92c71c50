import { expect, test } from 'vitest';
import { TestStream } from '../../test/fixtures/pipeline.ts';
import { Kernel } from '../kernel/kernel.ts';
import { ContextRow } from '../record/traced.ts';
import { BatchInFlight } from './batch-in-flight.ts';

const kernel = Kernel.create({ memoryBytes: 2 ** 20, slotBytes: 2 ** 14, slotRecords: 100 });

test('contexts that came with a chunk follow its records to the rows they get', () => {
  const stream = new TestStream('http');
  const batch = new BatchInFlight(1, kernel.slots.take()!, 0);
  const chunk = { stream, bytes: 10, count: 2, readAt: 0, from: 0, position: 10 };
  batch.append({ ...chunk, slot: batch.slot });
  const slot = kernel.slots.take()!;
  slot.contexts.fill(7, 0, 2 * ContextRow.size);
  const segment = batch.append({ ...chunk, slot, hasContexts: true });
  expect(segment).toMatchObject({ first: 2, hasContexts: true });
  expect(batch.segments[0]!.hasContexts).toBeUndefined();
  const rows = batch.slot.contexts.subarray(2 * ContextRow.size, 4 * ContextRow.size);
  expect(rows.every((byte) => byte === 7)).toBe(true);
});
