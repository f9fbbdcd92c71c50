import { expect, test } from 'vitest';
import { decodeRun } from '../../../test/fixtures/tracing.ts';
import { FakeClock } from '../../component/fake-clock.ts';
import { batchOf, deliveryOf, segmentOf } from '../decision/decision.fixture.ts';
import type { Outlets } from '../exporters/outlets.ts';
import type { Run } from '../store/run.ts';
import { SpanRing } from '../store/span-ring.ts';
import type { BatchLinks } from './batch-links.ts';
import { SystemSpans } from './system-spans.ts';

function setUp() {
  const capacity = 2 ** 16;
  const ring = new SpanRing({ address: 0, capacity, bytes: Buffer.alloc(capacity) }, new FakeClock());
  const runs: Run[] = [];
  const outlets = { offer: (run: Run) => runs.push(run) } as unknown as Outlets;
  const spans = new SystemSpans({ ring, outlets, random: Math.random, writes: () => true });
  const links = { bytes: Buffer.alloc(0), dropped: 0 } as BatchLinks;
  const write = (sinks: readonly string[], failure?: Error) => {
    const batch = batchOf([segmentOf()]);
    spans.write({
      batch,
      deliveries: sinks.map((sink) => deliveryOf(batch, sink, [[7, failure]])),
      mode: 'hybrid',
      endedAt: 7,
      epoch: 1e12,
      traceId: Uint32Array.of(1, 2, 3, 4),
      spanId: Uint32Array.of(5, 6),
      sources: 1,
      processed: false,
      links,
    });
    return decodeRun(runs.at(-1)!).map(({ name, status }) => [name, status?.message ?? '']);
  };
  return { write };
}

test('a batch is told from the one before by its sinks', () => {
  const { write } = setUp();
  expect(['loki', 'archive', 'loki'].map((sink) => write([sink])[0])).toEqual([
    ['sink.loki.send', ''],
    ['sink.archive.send', ''],
    ['sink.loki.send', ''],
  ]);
});

test('and by their number', () => {
  const { write } = setUp();
  write(['loki']);
  expect(write(['loki', 'archive'])).toHaveLength(3);
});

test('and by what failed', () => {
  const { write } = setUp();
  write(['loki']);
  expect(write(['loki'], new Error('refused'))[0]).toEqual(['sink.loki.send', 'internal_error']);
  expect(write(['loki'])[0]).toEqual(['sink.loki.send', '']);
});
