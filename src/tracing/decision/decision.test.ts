import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../component/fake-clock.ts';
import { segmentOf, settingsOf, streamOf } from './decision.fixture.ts';
import { type AdaptiveState, Decision, type Rules } from './decision.ts';
import type { ActiveRule } from './verdict.ts';

class StubRules implements Rules {
  version = 0;
  nextExpiryAt = Number.POSITIVE_INFINITY;
  rule: (ActiveRule & { rate: number }) | null = null;
  matched = 0;
  spent = 0;

  set(rate: number | null, expiresAt = Number.POSITIVE_INFINITY): void {
    const spent = (traces: number) => {
      this.spent += traces;
    };
    this.rule =
      rate === null
        ? null
        : { sourceId: 'x', rate, where: null, remainingTraces: Number.POSITIVE_INFINITY, spent };
    this.nextExpiryAt = expiresAt;
    this.version++;
  }

  expire(): void {
    this.set(null);
  }

  match() {
    this.matched++;
    return this.rule;
  }
}

class StubAdaptive implements AdaptiveState {
  version = 0;
  sources = new Set<string>();

  activate(source: string): void {
    this.sources.add(source);
    this.version++;
  }

  active(source: string): boolean {
    return this.sources.has(source);
  }

  get agentActive(): boolean {
    return this.sources.has('*');
  }
}

function setUp(section: unknown) {
  const clock = new FakeClock();
  const rules = new StubRules();
  const adaptive = new StubAdaptive();
  const governor = { version: 0, factor: 1 };
  const decision = new Decision({ settings: settingsOf(section), rules, adaptive, governor, clock });
  const stream = streamOf();
  const decide = (live = 1, of = stream) =>
    decision.decide(segmentOf({ stream: of, count: live }), clock.now());
  return { clock, rules, adaptive, governor, decision, decide, stream };
}

describe('ShouldTraceLog', () => {
  test.each([
    ['Off', 'off'],
    ['SystemOnly', 'system-only'],
  ])('ShouldTraceLog_%s: no log, whatever the rules say', (_, mode) => {
    const { decide, rules } = setUp({ mode, log_tracing_rate: 1 });
    rules.set(1);
    expect(decide()).toMatchObject({ rate: 0, honourParent: false });
  });

  test('ShouldTraceLog_FullE2E: every log, whatever the rules say', () => {
    const { decide, rules } = setUp({ mode: 'full-e2e' });
    rules.set(0);
    expect(decide()).toMatchObject({ rate: 1, reason: 'mode' });
  });

  test('ShouldTraceLog_Hybrid_BaseRate', () => {
    const { decide } = setUp({ log_tracing_rate: 0.02 });
    expect(decide()).toMatchObject({ rate: 0.02, reason: 'base_rate', rule: null });
  });

  test('ShouldTraceLog_Hybrid_Adaptive: the rate of an active source only', () => {
    const { decide, adaptive } = setUp({ log_tracing_rate: 0.02, adaptive_sampling: { sample_rate: 0.3 } });
    const other = streamOf('/other.log', 'other');
    expect(decide().reason).toBe('base_rate');
    adaptive.activate('app');
    expect(decide()).toMatchObject({ rate: 0.3, reason: 'adaptive' });
    expect(decide(1, other)).toMatchObject({ rate: 0.02, reason: 'base_rate' });
  });

  test('ShouldTraceLog_Hybrid_Adaptive: a higher base rate stays', () => {
    const { decide, adaptive } = setUp({ log_tracing_rate: 0.5, adaptive_sampling: { sample_rate: 0.3 } });
    adaptive.activate('app');
    expect(decide()).toMatchObject({ rate: 0.5, reason: 'base_rate' });
  });

  test.each([1, 0.25, 0])('ShouldTraceLog_Hybrid_OnDemand: the rule decides, up and down (%d)', (rate) => {
    const { decide, adaptive, rules } = setUp({ log_tracing_rate: 0.5 });
    adaptive.activate('app');
    rules.set(rate);
    expect(decide()).toMatchObject({ rate, reason: 'on_demand', honourParent: false, rule: rules.rule });
  });

  test('ShouldTraceLog_Hybrid_OnDemand: a rule that has ended by then does not count', async () => {
    const { decide, rules, clock } = setUp({});
    rules.set(1, 60_000);
    expect(decide().rate).toBe(1);
    await clock.advance(59_999);
    expect(decide().rate).toBe(1);
    await clock.advance(1);
    expect(decide()).toMatchObject({ rate: 0, reason: 'base_rate' });
  });
});

describe('incoming context', () => {
  test.each([
    [{}, true],
    [{ incoming: 'link' }, true],
    [{ incoming: 'ignore' }, false],
    [{ sampler: { type: 'always_on' } }, false],
    [{ sampler: { type: 'traceidratio', rate: 0.5 } }, false],
    [{ mode: 'full-e2e' }, false],
  ])('%j lets it decide: %s', (section, honourParent) => {
    expect(setUp(section).decide().honourParent).toBe(honourParent);
  });

  test('is bounded a second', async () => {
    const { decision, clock } = setUp({ max_parent_traces_per_second: 5 });
    expect([decision.takeParents(3), decision.takeParents(3), decision.takeParents(3)]).toEqual([3, 2, 0]);
    expect(decision.parentsTurnedAway).toBe(4);
    await clock.advance(1000);
    expect(decision.takeParents(9)).toBe(5);
  });

  test('is bounded more tightly while the governor limits', async () => {
    const { decision, governor } = setUp({ max_parent_traces_per_second: 8 });
    governor.factor = 0.5;
    expect(decision.takeParents(9)).toBe(4);
  });
});

describe('sampler', () => {
  test('always_on traces every log', () => {
    expect(setUp({ sampler: { type: 'always_on' } }).decide()).toMatchObject({
      rate: 1,
      reason: 'base_rate',
    });
  });

  test('always_off traces none, even when adaptive sampling is active', () => {
    const { decide, adaptive } = setUp({ sampler: { type: 'always_off' }, log_tracing_rate: 1 });
    adaptive.activate('app');
    expect(decide().rate).toBe(0);
  });

  test('always_off leaves on-demand rules in force', () => {
    const { decide, rules } = setUp({ sampler: { type: 'always_off' } });
    rules.set(1);
    expect(decide()).toMatchObject({ rate: 1, reason: 'on_demand' });
  });

  test('traceidratio has its own base rate and is raised by adaptive sampling', () => {
    const { decide, adaptive } = setUp({
      sampler: { type: 'traceidratio', rate: 0.05 },
      log_tracing_rate: 1,
    });
    expect(decide().rate).toBe(0.05);
    adaptive.activate('app');
    expect(decide()).toMatchObject({ rate: 0.1, reason: 'adaptive' });
  });

  test('rate_limiting gives every log of a segment the same chance', () => {
    const { decide } = setUp({ sampler: { type: 'rate_limiting', per_second: 10 } });
    expect(decide(5).rate).toBe(1);
    expect(decide(100).rate).toBe(0.1);
  });

  test('rate_limiting counts what was traced', async () => {
    const { decide, decision, clock } = setUp({ sampler: { type: 'rate_limiting', per_second: 10 } });
    decision.traced(decide(100), 13);
    expect(decide(100).rate).toBe(0);
    await clock.advance(800);
    expect(decide(100).rate).toBeCloseTo(0.05);
  });

  test('a reload that does not concern it does not start rate_limiting anew', () => {
    const section = { sampler: { type: 'rate_limiting', per_second: 10 } };
    const { decide, decision } = setUp(section);
    decision.traced(decide(10), 10);
    decision.update(settingsOf({ ...section, stamp: 'none' }));
    expect(decide(10).rate).toBe(0);
  });
});

describe('exclude.sources', () => {
  test.each(['hybrid', 'full-e2e'])('no log is traced in %s, by no rule', (mode) => {
    const { decide, rules } = setUp({ mode, exclude: { sources: ['app'] } });
    rules.set(1);
    expect(decide()).toMatchObject({ rate: 0, honourParent: false });
  });
});

describe('keepsTail', () => {
  test.each([
    [{}, null, true],
    [{ log_tracing_rate: 0 }, 0.5, true],
    [{}, 0, false],
    [{ mode: 'full-e2e' }, null, false],
    [{ exclude: { sources: ['app'] } }, null, false],
  ])('%j with a rule of rate %s: %s', (section, rate, expected) => {
    const { decision, rules, clock } = setUp(section);
    if (rate !== null) rules.set(rate);
    expect(decision.keepsTail(segmentOf({ stream: streamOf() }), clock.now())).toBe(expected);
  });
});

describe('governor', () => {
  test.each([
    [{ mode: 'full-e2e' }, 0.25],
    [{ log_tracing_rate: 0.4 }, 0.1],
    [{ sampler: { type: 'always_on' } }, 0.25],
  ])('lowers the rate of %j to %d', (section, rate) => {
    const { decide, governor, decision } = setUp(section);
    decide();
    governor.factor = 0.25;
    governor.version++;
    expect(decide().rate).toBeCloseTo(rate);
    expect(decision.effectiveRate).toBeCloseTo(rate);
  });
});

test('ModeChange: other settings count from the next segment on', () => {
  const { decide, decision } = setUp({ mode: 'full-e2e' });
  expect(decide().rate).toBe(1);
  decision.update(settingsOf({ log_tracing_rate: 0.5 }));
  expect(decide()).toMatchObject({ rate: 0.5, reason: 'base_rate' });
  decision.update(settingsOf({ mode: 'off' }));
  expect(decide().rate).toBe(0);
});

test('a stream is judged once until rules or adaptive state change', () => {
  const { decide, rules, adaptive } = setUp({});
  for (let i = 0; i < 5; i++) decide();
  expect(rules.matched).toBe(1);
  rules.set(0.5);
  expect(decide().rate).toBe(0.5);
  adaptive.activate('app');
  decide();
  expect(rules.matched).toBe(3);
});

test('traces of a rule are counted by the rule', () => {
  const { decide, decision, rules } = setUp({});
  rules.set(1);
  decision.traced(decide(), 7);
  expect(rules.spent).toBe(7);
});

test.each([
  [{ mode: 'off' }, 0],
  [{ mode: 'system-only' }, 0],
  [{ mode: 'full-e2e' }, 1],
  [{ log_tracing_rate: 0.2 }, 0.2],
])('the effective rate of %j is %d', (section, rate) => {
  expect(setUp(section).decision.effectiveRate).toBe(rate);
});

test('the effective rate follows adaptive sampling of the agent', () => {
  const { decision, adaptive } = setUp({});
  adaptive.activate('*');
  expect(decision.effectiveRate).toBe(0.1);
});
