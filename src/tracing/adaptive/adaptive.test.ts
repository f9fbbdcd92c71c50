import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../component/fake-clock.ts';
import { settingsOf } from '../decision/decision.fixture.ts';
import { AdaptiveSampler, type OldestAges } from './adaptive.ts';

const NONE: OldestAges = { agent: 0, sources: new Map(), sinks: new Map() };

function setUp(section: object = {}) {
  const clock = new FakeClock();
  const { adaptive: settings } = settingsOf({ adaptive_sampling: section });
  const routes: Record<string, string[]> = { app: ['loki'], web: ['loki', 'file'], db: ['file'] };
  const sampler = new AdaptiveSampler({ settings, clock, sinksOf: (source) => routes[source] ?? [] });
  const check = async (ages: Partial<OldestAges> = {}) => {
    await clock.advance(30_000);
    sampler.check({ ...NONE, ...ages });
  };
  return { clock, sampler, check };
}

describe('Trigger', () => {
  test('Trigger: active when P99 is above the threshold, at the next check', async () => {
    const { sampler, check } = setUp();
    sampler.record('app', 1500, 100);
    expect(sampler.active('app')).toBe(false);
    await check();
    expect(sampler.active('app')).toBe(true);
    expect(sampler.anyActive).toBe(true);
  });

  test('Trigger: not when one log in a hundred is slow', async () => {
    const { sampler, check } = setUp();
    sampler.record('app', 100, 9900);
    sampler.record('app', 5000, 100);
    await check();
    expect(sampler.active('app')).toBe(false);
  });

  test('Trigger: a slow sink raises the sources that go to it and no others', async () => {
    const { sampler, check } = setUp();
    sampler.recordSink('loki', 5000, 10);
    await check();
    expect([sampler.active('app'), sampler.active('web'), sampler.active('db')]).toEqual([true, true, false]);
  });

  test('Trigger: a slow source does not raise others, unless it makes the whole agent slow', async () => {
    const { sampler, check } = setUp();
    sampler.record('app', 5000, 10);
    sampler.record('db', 10, 9000);
    await check();
    expect([sampler.active('app'), sampler.active('db')]).toEqual([true, false]);
    sampler.record('app', 5000, 1000);
    await check();
    expect([sampler.active('app'), sampler.active('db'), sampler.agentActive]).toEqual([true, true, true]);
  });

  test('Trigger: logs that are never acknowledged count by their age', async () => {
    const { sampler, check } = setUp();
    await check({ agent: 900, sinks: new Map([['loki', 1100]]) });
    expect([sampler.active('app'), sampler.active('db')]).toEqual([true, false]);
    expect(sampler.status().sinks.loki).toMatchObject({ active: true, p99_seconds: 1.1, logs: 0 });
  });

  test('Trigger: failed attempts of a sink, only where asked for', async () => {
    const off = setUp();
    const on = setUp({ error_threshold: 0.5 });
    for (const { sampler } of [off, on]) {
      for (const failed of [true, true, false]) sampler.recordAttempt('loki', failed);
    }
    await off.check();
    await on.check();
    expect([off.sampler.active('app'), on.sampler.active('app'), on.sampler.active('db')]).toEqual([
      false,
      true,
      false,
    ]);
    expect(on.sampler.status().sinks.loki!.error_ratio).toBeCloseTo(2 / 3);
  });

  test('Trigger: never while it is not enabled', async () => {
    const { sampler, check } = setUp({ enabled: false });
    sampler.record('app', 5000, 10);
    await check({ agent: 1e6 });
    expect(sampler.anyActive).toBe(false);
  });
});

describe('Reset', () => {
  async function activated(section: object = {}) {
    const all = setUp(section);
    await all.check({ sources: new Map([['app', 2000]]) });
    expect(all.sampler.active('app')).toBe(true);
    return all;
  }

  test('Reset: stays active for at least one more check', async () => {
    const { sampler, check } = await activated();
    await check();
    expect(sampler.active('app')).toBe(true);
    await check();
    expect(sampler.active('app')).toBe(false);
  });

  test('Reset: stays active between 80 % and 100 % of the threshold', async () => {
    const { sampler, check } = await activated();
    const at = (age: number) => check({ sources: new Map([['app', age]]) });
    await at(850);
    await at(800);
    expect(sampler.active('app')).toBe(true);
    await at(799);
    expect(sampler.active('app')).toBe(false);
    await at(1000);
    expect(sampler.active('app')).toBe(false);
  });

  test('Reset: slow logs leave the window', async () => {
    const { sampler, check } = setUp();
    sampler.record('app', 5000, 10);
    for (let i = 0; i < 9; i++) await check();
    expect(sampler.active('app')).toBe(true);
    await check();
    expect(sampler.active('app')).toBe(false);
  });

  test('Reset: other settings forget what was measured; the same settings do not', async () => {
    const { sampler } = await activated();
    sampler.update(settingsOf({ adaptive_sampling: {} }).adaptive);
    expect(sampler.active('app')).toBe(true);
    const before = sampler.version;
    sampler.update(settingsOf({ adaptive_sampling: { latency_threshold: '3s' } }).adaptive);
    expect(sampler.active('app')).toBe(false);
    expect(sampler.version).toBeGreaterThan(before);
  });
});

test('the version grows with every change of an answer, and only then', async () => {
  const { sampler, check } = setUp();
  const before = sampler.version;
  await check();
  expect(sampler.version).toBe(before);
  await check({ agent: 5000 });
  expect(sampler.version).toBeGreaterThan(before);
});

test('what nothing is known of any more is forgotten', async () => {
  const { sampler, check } = setUp();
  for (let i = 0; i < 100; i++) sampler.record(`source-${i}`, 10, 1);
  expect(Object.keys(sampler.status().sources)).toHaveLength(100);
  for (let i = 0; i < 11; i++) await check();
  expect(Object.keys(sampler.status().sources)).toHaveLength(0);
});

test('checks by itself once started, with the ages it asks for', async () => {
  const { sampler, clock } = setUp();
  const asked: number[] = [];
  const stop = sampler.start((now) => {
    asked.push(now);
    return { ...NONE, agent: now };
  });
  await clock.advance(60_000);
  expect(asked).toEqual([30_000, 60_000]);
  expect(sampler.agentActive).toBe(true);
  stop();
  await clock.advance(60_000);
  expect(asked).toHaveLength(2);
  expect(clock.timers).toBe(0);
});

test('status says since when and how often', async () => {
  const { sampler, check } = setUp();
  const epoch = 1_700_000_000_000;
  await check({ agent: 2500 });
  expect(sampler.status()).toMatchObject({
    enabled: true,
    active: true,
    sample_rate: 0.1,
    agent: {
      active: true,
      p99_seconds: 2.5,
      threshold_seconds: 1,
      since: new Date(epoch + 30_000).toISOString(),
      activations: 1,
    },
  });
});
