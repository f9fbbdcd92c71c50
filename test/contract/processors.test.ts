import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../src/component/fake-clock.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { processors } from '../../src/registry.ts';
import { deliveryOf, RecordingLog } from '../fixtures/pipeline.ts';
import { processorCases } from './contract-cases.ts';

const kernel = Kernel.create({ memoryBytes: 2 ** 20, slotBytes: 2 ** 14, slotRecords: 1000 });

test('every processor of the registry has a case', () => {
  expect(Object.keys(processorCases).toSorted()).toEqual(processors.map((spec) => spec.type).toSorted());
});

describe.each(processors.map((spec) => [spec.type, spec] as const))('processor %s', (type, spec) => {
  test('takes any text without throwing, and selects only what was there, in order', () => {
    const processor = spec.build(spec.schema.parse(processorCases[type]!('')), {
      id: type,
      log: new RecordingLog(),
      clock: new FakeClock(),
      kernel,
      stateDir: tmpdir(),
    });
    const line = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.dictionary(fc.string(), fc.anything()).map((value) => JSON.stringify(value) ?? ''),
    );
    fc.assert(
      fc.property(
        fc.array(
          line.map((text) => text.replaceAll('\n', '')),
          { maxLength: 50 },
        ),
        (lines) => {
          const { batch } = deliveryOf(kernel, lines);
          for (const segment of batch.segments) {
            processor.process(batch, segment);
            const live = Array.from(segment.live ?? []);
            expect(live).toEqual(live.toSorted((a, b) => a - b));
            for (const row of live) {
              expect(row).toBeGreaterThanOrEqual(segment.first);
              expect(row).toBeLessThan(segment.first + segment.count);
            }
          }
          kernel.slots.give(batch.slot);
        },
      ),
    );
  });
});
