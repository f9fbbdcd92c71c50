/** That adaptive sampling is told what leaves a disk buffer: by the tracer, in every mode but off. */
import { expect, test } from 'vitest';
import { TracingRig } from '../../../test/fixtures/tracing.ts';
import { batchOf, deliveryOf, segmentOf } from '../decision/decision.fixture.ts';

async function sinksAfterReplay(mode: 'hybrid' | 'off') {
  const adaptive = { enabled: true, latency_threshold: '1s', check_interval: '10s', error_threshold: 0.9 };
  const { tracing, clock } = new TracingRig({ tracing: { mode, adaptive_sampling: adaptive } });
  await tracing.start();
  const delivery = deliveryOf(batchOf([segmentOf({ count: 3 })], { id: 0 }), 'out', [
    [60_000, new Error('no')],
  ]);
  tracing.observer.attempted!(delivery);
  tracing.observer.replayed!(delivery, { delivered: 0, filtered: 0, deadLettered: 0, dropped: 3 });
  await clock.advance(10_000);
  return tracing.status().adaptive_sampling.sinks;
}

test('the sink counts as slow, and as failing', async () => {
  const { out } = await sinksAfterReplay('hybrid');
  expect(out).toMatchObject({ active: true, logs: 3, error_ratio: 1 });
  expect(out!.p99_seconds).toBeCloseTo(60, -1);
});

test('in mode off nothing is measured', async () => {
  expect(await sinksAfterReplay('off')).toEqual({});
});
