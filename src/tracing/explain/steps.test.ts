import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../component/fake-clock.ts';
import type { AdaptiveStatus } from '../adaptive/adaptive.ts';
import { segmentOf, settingsOf, streamOf } from '../decision/decision.fixture.ts';
import { Decision } from '../decision/decision.ts';
import { sourceExclusion } from '../decision/exclude.ts';
import { MODES } from '../mode.ts';
import { type Deciding, explainStream, type NamedRule, type Step } from './steps.ts';

const STREAM = streamOf('/var/log/app.log', 'app');

function detector(active: boolean) {
  return { active, p99_seconds: active ? 2 : 0.5, threshold_seconds: 1, logs: 10, activations: 0 };
}

function adaptive(part: Partial<AdaptiveStatus> = {}): AdaptiveStatus {
  return {
    enabled: true,
    active: false,
    sample_rate: 0.1,
    agent: detector(false),
    sources: {},
    sinks: {},
    ...part,
  };
}

function deciding(section: object = {}, part: Partial<Deciding> = {}): Deciding {
  const settings = settingsOf(section);
  return {
    settings,
    isExcluded: sourceExclusion(settings.exclude.sources),
    ruleFor: () => null,
    adaptive: adaptive({ sample_rate: settings.adaptive.sampleRate }),
    sinksOf: () => ['loki'],
    carriesContexts: () => true,
    factor: 1,
    ...part,
  };
}

const rule = (rate: number, where?: NamedRule['request']['where']): NamedRule => ({
  sourceId: 'app',
  rate,
  request: { ...(where && { where }) },
});

function explained(state: Deciding, sample?: string) {
  const { rate, reason, steps } = explainStream(STREAM, state, sample, 1000);
  const outcome = (name: Step['step']) => steps.find(({ step }) => step === name)!.outcome;
  const detail = (name: Step['step']) => steps.find(({ step }) => step === name)!.detail;
  return { rate, reason, steps, outcome, detail };
}

describe('highest first', () => {
  test.each([
    ['exclude', { exclude: { sources: ['app'] } }, {}, 0, undefined],
    ['mode', { mode: 'off' }, {}, 0, undefined],
    ['mode', { mode: 'system-only' }, {}, 0, undefined],
    ['mode', { mode: 'full-e2e' }, { ruleFor: () => rule(0) }, 1, 'mode'],
    ['on_demand', { log_tracing_rate: 1 }, { ruleFor: () => rule(0.5) }, 0.5, 'on_demand'],
    ['on_demand', { log_tracing_rate: 1 }, { ruleFor: () => rule(0) }, 0, undefined],
    ['adaptive', {}, { adaptive: adaptive({ agent: detector(true) }) }, 0.1, 'adaptive'],
    ['adaptive', {}, { adaptive: adaptive({ sources: { app: detector(true) } }) }, 0.1, 'adaptive'],
    ['adaptive', {}, { adaptive: adaptive({ sinks: { loki: detector(true) } }) }, 0.1, 'adaptive'],
    ['base_rate', { log_tracing_rate: 0.25 }, {}, 0.25, 'base_rate'],
    ['base_rate', {}, { adaptive: adaptive({ sinks: { other: detector(true) } }) }, 0, undefined],
    ['base_rate', { sampler: { type: 'always_on' } }, {}, 1, 'base_rate'],
    ['base_rate', { sampler: { type: 'always_off' } }, {}, 0, undefined],
    ['base_rate', { sampler: { type: 'rate_limiting', per_second: 10 } }, {}, 0.01, 'base_rate'],
  ] as const)('%s decides with %j %j: %d', (step, section, part, rate, reason) => {
    const found = explained(deciding(section, part as Partial<Deciding>));
    expect([found.rate, found.reason]).toEqual([rate, reason]);
    expect(found.outcome(step)).toBe('decides');
    expect(found.steps.filter(({ outcome }) => outcome === 'decides')).toHaveLength(1);
  });

  test('what stands below the one that decides is not reached', () => {
    const { outcome } = explained(deciding({}, { ruleFor: () => rule(1) }));
    expect([outcome('mode'), outcome('incoming_context'), outcome('base_rate')]).toEqual([
      'passes',
      'not_reached',
      'not_reached',
    ]);
  });
});

describe('a sample with a trace context', () => {
  const id = '0af7651916cd43dd8448eb211c80319c';
  const sample = (flags: string) => `{"traceparent":"00-${id}-b7ad6b7169203331-${flags}","m":"x"}`;

  test('that is sampled is traced', () => {
    const found = explained(deciding(), sample('01'));
    expect([found.rate, found.reason, found.outcome('incoming_context')]).toEqual([1, 'parent', 'decides']);
    expect(found.detail('incoming_context')).toContain(id);
  });

  test('that is not sampled is not, whatever the base rate', () => {
    const found = explained(deciding({ log_tracing_rate: 1 }), sample('00'));
    expect([found.rate, found.outcome('incoming_context')]).toEqual([0, 'decides']);
  });

  test.each([
    [{ incoming: 'ignore' }, {}, 'tracing.incoming is ignore'],
    [{ sampler: { type: 'always_off' } }, {}, 'contexts of logs do not decide'],
    [{}, { carriesContexts: () => false }, 'set trace_context: json'],
  ])('has no say with %j %j', (section, part, why) => {
    const found = explained(deciding(section, part), sample('01'));
    expect(found.outcome('incoming_context')).toBe('passes');
    expect(found.detail('incoming_context')).toContain(why);
  });

  test('that does not say whether it is sampled passes', () => {
    const found = explained(deciding(), `{"trace_id":"${id}","span_id":"b7ad6b7169203331"}`);
    expect(found.outcome('incoming_context')).toBe('passes');
  });
});

describe('the where of a rule', () => {
  test.each([
    ['an error', 1],
    ['all is well', 0],
  ])('is tried on the sample %j', (sample, rate) => {
    const found = explained(deciding({}, { ruleFor: () => rule(1, { contains: 'error' }) }), sample);
    expect(found.rate).toBe(rate);
    expect(found.detail('on_demand')).toContain(rate === 1 ? 'passes its where' : 'does not pass');
  });

  test('cannot be told of a level without a processor', () => {
    const found = explained(deciding({}, { ruleFor: () => rule(1, { level: 'error' }) }), 'x');
    expect(found.rate).toBe(1);
    expect(found.detail('on_demand')).toContain('was not looked at');
  });
});

describe('afterwards', () => {
  test('tail keeping adds, unless the source is muted or excluded', () => {
    expect(explained(deciding()).outcome('tail')).toBe('adds');
    expect(explained(deciding({}, { ruleFor: () => rule(0) })).outcome('tail')).toBe('passes');
    expect(explained(deciding({ exclude: { sources: ['app'] } })).outcome('tail')).toBe('passes');
    expect(explained(deciding({ mode: 'full-e2e' })).outcome('tail')).toBe('passes');
  });

  test('max_overhead lowers the rate that was decided', () => {
    const found = explained(deciding({ log_tracing_rate: 0.5, max_overhead: 0.05 }, { factor: 0.25 }));
    expect([found.rate, found.outcome('max_overhead')]).toEqual([0.125, 'adjusts']);
  });
});

test('it is what the decision decides', () => {
  const section = fc.record({
    mode: fc.constantFrom(...MODES),
    log_tracing_rate: fc.constantFrom(0, 0.05, 0.5, 1),
    sampler: fc.constantFrom(
      {},
      { type: 'always_on' },
      { type: 'always_off' },
      { type: 'traceidratio', rate: 0.3 },
    ),
    exclude: fc.constantFrom({}, { sources: ['app'] }, { sources: ['other'] }),
    incoming: fc.constantFrom('parent', 'ignore'),
  });
  const rates = fc.option(fc.constantFrom(0, 0.2, 1));
  fc.assert(
    fc.property(section, rates, fc.boolean(), fc.constantFrom(1, 0.5), (config, ruleRate, slow, factor) => {
      const settings = settingsOf(config);
      const active = ruleRate === null ? null : rule(ruleRate);
      const decided = new Decision({
        settings,
        clock: new FakeClock(),
        rules: {
          version: 0,
          nextExpiryAt: Number.POSITIVE_INFINITY,
          expire() {},
          match: () =>
            active && { ...active, where: null, remainingTraces: Number.POSITIVE_INFINITY, spent() {} },
        },
        adaptive: { version: 0, active: () => slow, agentActive: slow },
        governor: { version: 0, factor },
      }).decide(segmentOf({ stream: STREAM }), 0);
      const { rate, reason } = explained(
        deciding(config, {
          ruleFor: () => active,
          adaptive: adaptive({ agent: detector(slow) }),
          factor,
        }),
      );
      expect(rate).toBe(decided.rate);
      if (rate > 0) expect(reason).toBe(decided.reason);
    }),
  );
});
