/** Settings changed while logs flow: what holds from when on, and what takes it back. */
import { expect, test } from 'vitest';
import { TracingRig } from '../../test/fixtures/tracing.ts';

test('another mode holds for batches whose logs are not chosen yet; what is under way is finished', async () => {
  const rig = new TracingRig({ tracing: { mode: 'full-e2e', log_spans: 'waterfall' } });
  rig.read(['old']);
  await rig.seal();
  rig.tracing.setMode('off');
  rig.read(['new']);
  await rig.seal();
  await rig.answer();
  await rig.answer();
  const { traces } = rig.tracing.traces({});
  expect(traces).toHaveLength(1);
  expect(traces[0]!.span_count).toBe(3);
});

test('the other way round, no trace is half made either', async () => {
  const rig = new TracingRig({ tracing: { mode: 'off' } });
  rig.read(['old']);
  await rig.seal();
  rig.tracing.setMode('full-e2e');
  await rig.answer();
  expect(rig.tracing.traces({}).traces).toEqual([]);
  await rig.deliver(['new']);
  expect(rig.tracing.traces({}).traces).toHaveLength(1);
});

test('a mode set for a while is the configured one again afterwards, and the log says so', async () => {
  const rig = new TracingRig();
  rig.tracing.setMode('full-e2e', 60_000);
  expect(rig.tracing.status()).toMatchObject({ mode: 'full-e2e', log_spans: 'compact' });
  await rig.clock.advance(60_000);
  expect(rig.tracing.status()).toMatchObject({ mode: 'hybrid', log_spans: 'waterfall', overrides: {} });
  await rig.deliver(['new']);
  expect(rig.tracing.status().logs_traced).toBe(0);
});

test('rates change at the next batch, and go back when they are cleared', async () => {
  const rig = new TracingRig();
  rig.tracing.override({ log_tracing_rate: 1 });
  expect(rig.tracing.status()).toMatchObject({ effective_rate: 1, log_tracing_rate: 1 });
  await rig.deliver(['one']);
  expect(rig.tracing.clearSettings()).toEqual(['log_tracing_rate']);
  await rig.deliver(['two']);
  expect(rig.tracing.status()).toMatchObject({ logs_traced: 1, effective_rate: 0, overrides: {} });
});

test('a configuration that is applied takes everything back', async () => {
  const rig = new TracingRig();
  rig.tracing.setMode('off', 60_000);
  rig.tracing.override({ tail: { enabled: false } });
  await rig.tracing.update(rig.settings({ log_tracing_rate: 0.5 }));
  expect(rig.tracing.status()).toMatchObject({ mode: 'hybrid', log_tracing_rate: 0.5, overrides: {} });
  expect(rig.tracing.settings).toEqual(rig.settings({ log_tracing_rate: 0.5 }));
  // The end of the mode that is no more does nothing.
  await rig.clock.advance(60_000);
  expect(rig.tracing.settings).toEqual(rig.settings({ log_tracing_rate: 0.5 }));
});

test('clearing goes back to the configuration in force, not to that of the start', async () => {
  const rig = new TracingRig();
  await rig.tracing.update(rig.settings({ mode: 'system-only' }));
  rig.tracing.setMode('off');
  expect(rig.tracing.clearOverrides()).toEqual(['mode']);
  expect(rig.tracing.status().mode).toBe('system-only');
});

test('a shorter check of adaptive sampling does not wait for the longer one to pass', async () => {
  const rig = new TracingRig({ tracing: { adaptive_sampling: { check_interval: '5m' } } });
  await rig.tracing.start();
  rig.tracing.override({ adaptive_sampling: { check_interval: 1000, latency_threshold: 100 } });
  await rig.deliver(['slow']);
  await rig.clock.advance(1000);
  expect(rig.tracing.status().adaptive_sampling.active).toBe(true);
});
