import { expect, test } from 'vitest';
import { describeChange } from './describe-change.ts';

test.each([
  [{ action: 'tracing.mode', target: 'mode', before: 'hybrid', after: 'off' }, 'Mode hybrid → off'],
  [
    {
      action: 'tracing.mode',
      target: 'mode',
      before: 'hybrid',
      after: { mode: 'full-e2e', expires_at: 'x' },
    },
    'Mode hybrid → full-e2e',
  ],
  [
    {
      action: 'tracing.settings',
      target: 'settings',
      before: { log_tracing_rate: 0 },
      after: { log_tracing_rate: 0.01 },
    },
    'log_tracing_rate 0 % → 1 %',
  ],
  [
    {
      action: 'tracing.enable',
      target: 'orders',
      after: { rate: 0.5, duration: '30m', where: { level: 'error' } },
    },
    'Rule orders at 50 % for 30m, where level error',
  ],
  [{ action: 'tracing.disable', target: 'orders' }, 'Rule orders ended'],
  [{ action: 'dead_letters.replay', target: 'loki' }, 'dead letters replay loki'],
])('%o reads %s', (entry, text) => {
  expect(describeChange(entry)).toBe(text);
});
