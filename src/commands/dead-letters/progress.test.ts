import { expect, test } from 'vitest';
import type { ReplayStatus } from '../../component/status.ts';
import { progressLine, summaryOf } from './progress.ts';

const status = (changes: Partial<ReplayStatus> = {}): ReplayStatus => ({
  state: 'running',
  request: {},
  started_at: '2026-11-22T10:00:00.000Z',
  sent: 602,
  refused: 0,
  left_aside: 0,
  bytes_done: 50,
  bytes_total: 100,
  ...changes,
});

test('a bar, the part that is done, and what became of it', () => {
  expect(progressLine(status(), undefined, 80)).toBe(`${'█'.repeat(12)}${'░'.repeat(12)}  50 %  602 sent`);
});

test('says what it waits for', () => {
  const line = progressLine(status({ state: 'cancelling', refused: 2 }), 'loki: refused', 100);
  expect(line).toContain('602 sent, 2 refused again  stopping after this batch  loki: refused');
});

test('is no wider than the terminal, and bears that nothing is known yet', () => {
  expect(progressLine(status(), 'x'.repeat(100), 40)).toHaveLength(40);
  expect(progressLine(status({ bytes_total: 0, bytes_done: 0 }), undefined, 80)).toContain('  0 %');
});

test.each<[Partial<ReplayStatus>, string]>([
  [{ state: 'done' }, 'done: 602 sent\n'],
  [
    { state: 'done', refused: 1 },
    'done: 602 sent, 1 refused again; log-capturer dead-letters list says what is left\n',
  ],
  [{ state: 'cancelled', left_aside: 3 }, 'stopped: 602 sent, 3 left aside (damaged or too large)\n'],
  [{ state: 'failed', error: 'there is no sink x' }, 'failed: there is no sink x: 602 sent\n'],
])('at the end: %o', (changes, text) => {
  expect(summaryOf(status(changes))).toBe(text);
});
