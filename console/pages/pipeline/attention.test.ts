import { expect, test } from 'vitest';
import { sampleStatus } from '../../../src/component/sample-status.ts';
import { sampleTracingStatus } from '../../../src/component/sample-tracing-status.ts';
import type { AgentStatus, TracingStatus } from '../../api/shapes.ts';
import { attention } from './attention.ts';

const [archive, loki] = sampleStatus.sinks as AgentStatus['sinks'];
const healthy: AgentStatus = {
  ...(sampleStatus as AgentStatus),
  sinks: [archive!],
  config: { ...sampleStatus.config, last_reload: { ...sampleStatus.config.last_reload, result: 'applied' } },
};
const calm: TracingStatus = {
  ...sampleTracingStatus,
  adaptive_sampling: { ...sampleTracingStatus.adaptive_sampling, sinks: {} },
};

test('a healthy agent needs no attention', () => {
  expect(attention(healthy, calm)).toEqual([]);
});

test('a sink that fails for long is named with what it does and what waits', () => {
  const breaker = { state: 'open' as const, since: '2026-11-22T14:29:09Z', opened: 1 };
  const sink = {
    ...loki!,
    breaker,
    oldest_unacknowledged_seconds: 60,
    ledger: { ...loki!.ledger, balanced: true },
  };
  const [notice] = attention({ ...healthy, sinks: [sink] }, calm);
  expect(notice).toMatchObject({
    level: 'bad',
    lead: 'loki refuses connections',
    link: { text: 'Open loki' },
  });
  expect(notice!.rest).toMatch(/^ since \d\d:29:09\. 21 logs wait\.$/);
});

test('a slow sink says its percentile and the threshold', () => {
  const sinks = {
    archive: {
      ...sampleTracingStatus.adaptive_sampling.sinks.loki,
      p99_seconds: 0.812,
      threshold_seconds: 0.5,
    },
  };
  const tracing = { ...calm, adaptive_sampling: { ...calm.adaptive_sampling, sinks } };
  const [notice] = attention(healthy, tracing);
  expect(notice).toMatchObject({ level: 'warn', lead: 'archive is slow:' });
  expect(notice!.rest).toContain('P99 812 ms, threshold 500 ms');
});

test('a ledger out of balance comes first', () => {
  const broken = { ...archive!, ledger: { ...archive!.ledger, balanced: false } };
  const full = { ...healthy.dispatcher, slots_free: 0 };
  const notices = attention({ ...healthy, sinks: [broken], dispatcher: full }, calm);
  expect(notices.map(({ level }) => level)).toEqual(['bad', 'warn']);
  expect(notices[0]!.lead).toBe('The ledger of archive does not balance.');
  expect(notices[1]!.rest).toContain('for archive');
});

test('a refused configuration is quoted', () => {
  const config = {
    file: 'c.yaml',
    loaded_at: '',
    reloads: { applied: 0, unchanged: 0, refused: 1 },
    last_reload: {
      result: 'refused',
      at: '2026-11-22T14:30:08Z',
      problems: ['line 14: what.'],
      trigger: 'watch',
      changes: [],
      took_ms: 1,
    },
  };
  const [notice] = attention({ ...healthy, config } as AgentStatus, calm);
  expect(notice!.rest).toBe(' line 14: what. The previous one is still running.');
});
