/** The table of a pipeline's modes. Called by run.ts. */
import type { Corpus } from '../corpora.ts';
import { medianInterval, summary } from '../statistics.ts';
import { table } from '../table.ts';
import type { Subject, TracedSample } from './subject.ts';

/** @param subjects the first is the baseline. */
export function modesTable(
  pipeline: string,
  { kind, bytes, lines }: Corpus,
  subjects: readonly Subject[],
): string {
  const off = subjects[0]!.samples;
  const medianPerLog = (samples: readonly TracedSample[], of: (sample: TracedSample) => number) =>
    (summary(samples.map(of)).median / lines).toFixed(2);
  const title = `${pipeline}: ${kind}, ${(bytes / 2 ** 20).toFixed(0)} MiB, ${lines.toLocaleString('en-US')} logs, ${off.length} rounds`;
  const head = [
    'mode',
    'stamped',
    'CPU / off',
    'wall / off',
    'CPU ns/log',
    '+ns/log',
    'B/log of logs',
    'B/log of spans',
    'spans/log',
    'dropped',
  ];
  const rows = subjects.map(({ variant, samples }) => [
    variant.name,
    variant.stamped ? 'yes' : 'no',
    interval(
      samples.map(({ cpuMs }, i) => cpuMs / off[i]!.cpuMs),
      3,
    ),
    interval(
      samples.map(({ wallMs }, i) => wallMs / off[i]!.wallMs),
      3,
    ),
    interval(
      samples.map(({ cpuMs }) => (cpuMs * 1e6) / lines),
      0,
    ),
    interval(
      samples.map(({ cpuMs }, i) => ((cpuMs - off[i]!.cpuMs) * 1e6) / lines),
      0,
    ),
    medianPerLog(samples, ({ logBytes }) => logBytes),
    medianPerLog(samples, ({ spanBytes }) => spanBytes),
    medianPerLog(samples, ({ spansCreated }) => spansCreated),
    dropped(samples),
  ]);
  return `${title}\n${table([head, ...rows])}`;
}

/** The median, and behind it within what it lies with 95 % confidence; of fewer than six values the smallest and the largest. */
function interval(values: readonly number[], decimals: number): string {
  const [median, low, high] = medianInterval(values).map((value) => value.toFixed(decimals));
  return low === high ? median! : `${median} (${low}–${high})`;
}

/** Spans that were dropped, over all rounds: any above 0 % makes the row cheaper than it is. */
function dropped(samples: readonly TracedSample[]): string {
  const sum = (of: (sample: TracedSample) => number) =>
    samples.reduce((total, sample) => total + of(sample), 0);
  const created = sum(({ spansCreated }) => spansCreated);
  if (created === 0) return '-';
  const lost = sum(({ spansDropped }) => spansDropped);
  return lost === 0 ? '0 %' : `${((100 * lost) / created).toFixed(2)} %`;
}
