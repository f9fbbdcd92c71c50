/** Figures per line and per byte from samples. Called by run.ts and peers/run.ts. */
import type { Corpus } from './corpora.ts';
import type { Sample } from './measure.ts';
import { type Summary, summary } from './statistics.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

export interface Figures {
  readonly mibPerSecond: Summary;
  readonly logsPerSecond: Summary;
  readonly cpuNsPerLog: Summary;
  readonly cpuSecondsPerGib: Summary;
  readonly peakRssMib: Summary;
}

export function figures(samples: readonly Sample[], { bytes, lines }: Corpus): Figures {
  const of = (figure: (sample: Sample) => number) => summary(samples.map(figure));
  return {
    mibPerSecond: of(({ wallMs }) => bytes / MIB / (wallMs / 1000)),
    logsPerSecond: of(({ wallMs }) => lines / (wallMs / 1000)),
    cpuNsPerLog: of(({ cpuMs }) => (cpuMs * 1e6) / lines),
    cpuSecondsPerGib: of(({ cpuMs }) => cpuMs / 1000 / (bytes / GIB)),
    peakRssMib: of(({ peakRssBytes }) => peakRssBytes / MIB),
  };
}

/** CPU of one to CPU of another, each pair from the same repetition. */
export function cpuRatio(samples: readonly Sample[], others: readonly Sample[]): Summary {
  return summary(samples.map(({ cpuMs }, repetition) => cpuMs / others[repetition]!.cpuMs));
}
