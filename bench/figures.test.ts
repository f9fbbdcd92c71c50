import { expect, test } from 'vitest';
import type { Corpus } from './corpora.ts';
import { cpuRatio, figures } from './figures.ts';

const corpus: Corpus = { kind: 'nginx', path: '', bytes: 2 ** 30, lines: 1_000_000 };
const sample = (wallMs: number, cpuMs: number) => ({ wallMs, cpuMs, peakRssBytes: 2 ** 27 });

test('figures are per line, per second and per byte', () => {
  expect(figures([sample(2000, 500)], corpus)).toEqual({
    mibPerSecond: { median: 512, min: 512, max: 512 },
    logsPerSecond: { median: 500_000, min: 500_000, max: 500_000 },
    cpuNsPerLog: { median: 500, min: 500, max: 500 },
    cpuSecondsPerGib: { median: 0.5, min: 0.5, max: 0.5 },
    peakRssMib: { median: 128, min: 128, max: 128 },
  });
});

test('ratios are taken within a repetition', () => {
  const ours = [sample(1, 10), sample(1, 40)];
  const theirs = [sample(1, 20), sample(1, 40)];
  expect(cpuRatio(ours, theirs)).toEqual({ median: 0.75, min: 0.5, max: 1 });
});
