import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../component/fake-clock.ts';
import { settingsOf } from '../decision/decision.fixture.ts';
import { MODES } from '../mode.ts';
import { OverrideRefusedError, SettingsOverrides, shownSettings } from './overrides.ts';
import { type SettingsPatch, settingsPatchSchema } from './overrides-schema.ts';

const MINUTE = 60_000;
const patchOf = (patch: unknown): SettingsPatch => settingsPatchSchema.parse(patch);

let clock: FakeClock;
let overrides: SettingsOverrides;
beforeEach(() => {
  clock = new FakeClock({ epoch: Date.UTC(2026, 10, 22, 18, 0, 0) });
  overrides = new SettingsOverrides(clock);
});

test('without overrides the settings are those configured', () => {
  const configured = settingsOf({ log_tracing_rate: 0.5 });
  expect(overrides.over(configured)).toEqual(configured);
  expect(overrides.status(configured)).toEqual({});
});

test('every setting of a patch is laid over the configured one', () => {
  const changes = {
    log_tracing_rate: 0.5,
    log_spans: 'compact',
    max_parent_traces_per_second: 7,
    max_overhead: 0.25,
    adaptive_sampling: {
      enabled: false,
      latency_threshold: '2s',
      sample_rate: 0.75,
      window_size: '2m',
      check_interval: '5s',
      error_threshold: 0.125,
    },
    tail: { enabled: false, slow: '3s', max_per_second: 3 },
  };
  overrides.patch(patchOf(changes), settingsOf());
  const { logSpansFollowMode, ...expected } = settingsOf(changes);
  expect(overrides.over(settingsOf())).toEqual({ ...expected, logSpansFollowMode: false });
  expect(logSpansFollowMode).toBe(false);
});

test('the status says what was set, what is configured and since when, as the configuration writes it', async () => {
  const configured = settingsOf({ tail: { slow: '5s' } });
  await clock.advance(1000);
  overrides.patch(patchOf({ tail: { slow: '250ms' }, max_overhead: 0.05 }), configured);
  expect(overrides.status(configured)).toEqual({
    'tail.slow': { value: '250ms', configured: '5s', since: '2026-11-22T18:00:01.000Z' },
    max_overhead: { value: 0.05, configured: 'off', since: '2026-11-22T18:00:01.000Z' },
  });
});

test('"off" takes a limit away that is configured', () => {
  const configured = settingsOf({ max_overhead: 0.05, adaptive_sampling: { error_threshold: 0.5 } });
  overrides.patch(
    patchOf({ max_overhead: 'off', adaptive_sampling: { error_threshold: 'off' } }),
    configured,
  );
  expect(overrides.over(configured)).toMatchObject({
    maxOverhead: null,
    adaptive: { errorThreshold: null },
  });
});

test('null takes one change back and leaves the others', () => {
  const configured = settingsOf();
  overrides.patch(patchOf({ log_tracing_rate: 0.5, tail: { slow: '2s' } }), configured);
  overrides.patch(patchOf({ log_tracing_rate: null }), configured);
  expect(Object.keys(overrides.status(configured))).toEqual(['tail.slow']);
  expect(overrides.over(configured).logTracingRate).toBe(0);
});

test('the rate is that of traceidratio, too', () => {
  const configured = settingsOf({ sampler: { type: 'traceidratio', rate: 0.25 } });
  overrides.patch(patchOf({ log_tracing_rate: 0.5 }), configured);
  expect(overrides.over(configured).sampler).toEqual({ type: 'traceidratio', rate: 0.5 });
});

test('settings that contradict the rest are refused, and nothing of the patch is taken', () => {
  const configured = settingsOf();
  const patch = patchOf({ log_tracing_rate: 0.5, adaptive_sampling: { window_size: '10s' } });
  expect(() => overrides.patch(patch, configured)).toThrow(OverrideRefusedError);
  expect(() => overrides.patch(patch, configured)).toThrow(
    'check_interval (30s) must be at most window_size (10s); change both',
  );
  expect(overrides.over(configured)).toEqual(configured);
});

describe('the mode', () => {
  test('brings its shape of spans where nobody chose one', () => {
    overrides.setMode('full-e2e', undefined, () => {});
    expect(overrides.over(settingsOf())).toEqual(settingsOf({ mode: 'full-e2e' }));
    expect(overrides.over(settingsOf({ log_spans: 'waterfall' }))).toMatchObject({ logSpans: 'waterfall' });
  });

  test('also over tracing that is not enabled', () => {
    overrides.setMode('hybrid', undefined, () => {});
    expect(overrides.over(settingsOf({ enabled: false })).mode).toBe('hybrid');
  });

  test('set for a while ends by itself', async () => {
    const configured = settingsOf();
    let ended = 0;
    overrides.setMode('full-e2e', MINUTE, () => ended++);
    await clock.advance(MINUTE / 2);
    expect(overrides.status(configured)).toEqual({
      mode: {
        value: 'full-e2e',
        configured: 'hybrid',
        since: '2026-11-22T18:00:00.000Z',
        expires_at: '2026-11-22T18:01:00.000Z',
        remaining_seconds: 30,
      },
    });
    await clock.advance(MINUTE / 2 - 1);
    expect([ended, overrides.over(configured).mode]).toEqual([0, 'full-e2e']);
    await clock.advance(1);
    expect([ended, overrides.over(configured).mode]).toEqual([1, 'hybrid']);
  });

  test('set anew is not ended by what was set before', async () => {
    let ended = 0;
    overrides.setMode('full-e2e', MINUTE, () => ended++);
    overrides.setMode('off', undefined, () => ended++);
    await clock.advance(2 * MINUTE);
    expect([ended, overrides.over(settingsOf()).mode]).toEqual([0, 'off']);
  });

  test('and the settings are cleared apart from each other, or together', () => {
    const configured = settingsOf();
    const set = () => {
      overrides.setMode('off', undefined, () => {});
      overrides.patch(patchOf({ tail: { enabled: false } }), configured);
    };
    set();
    expect(overrides.clearSettings()).toEqual(['tail.enabled']);
    expect(overrides.over(configured)).toEqual(settingsOf({ mode: 'off' }));
    set();
    expect(overrides.clearMode()).toBe(true);
    expect(overrides.clearMode()).toBe(false);
    expect(overrides.over(configured)).toEqual(settingsOf({ tail: { enabled: false } }));
    set();
    expect(overrides.clear().toSorted()).toEqual(['mode', 'tail.enabled']);
    expect(overrides.over(configured)).toEqual(configured);
  });
});

describe('a patch', () => {
  test.each([
    [{}, 'expected at least one setting to change'],
    [{ tail: {} }, 'expected at least one setting to change'],
    [{ log_tracing_rate: 2 }, 'expected a number from 0 (none) to 1 (all)'],
    [{ tail: { slow: 'soon' } }, 'expected a duration'],
    [{ max_overhead: 'none' }, 'expected a number as in the configuration, "off", or null'],
  ])('%j is refused: %s', (patch, message) => {
    const result = settingsPatchSchema.safeParse(patch);
    expect(result.error?.issues.map((issue) => issue.message).join()).toContain(message);
  });

  test.each(['mode', 'exporter', 'store', 'sampler', 'adaptive'])('%s is no setting of it', (key) => {
    expect(settingsPatchSchema.safeParse({ [key]: null }).success).toBe(false);
  });
});

test('whatever is set, clearing it leaves what was configured', () => {
  const rate = fc.constantFrom(0, 0.25, 1, null);
  const patch = fc.record({ log_tracing_rate: rate, adaptive_sampling: fc.record({ sample_rate: rate }) });
  fc.assert(
    fc.property(fc.array(patch, { maxLength: 4 }), fc.constantFrom(...MODES), (patches, mode) => {
      const configured = settingsOf({ log_tracing_rate: 0.5 });
      const layer = new SettingsOverrides(clock);
      layer.setMode(mode, undefined, () => {});
      for (const one of patches) layer.patch(patchOf(one), configured);
      layer.clear();
      expect(layer.over(configured)).toEqual(configured);
      expect(shownSettings(layer.over(configured))).toEqual(shownSettings(configured));
    }),
    { numRuns: 50 },
  );
});
