/** The table of a pipeline's modes. Called by run.ts. */
import type { Corpus } from '../corpora.ts';
import { medianInterval, summary } from '../statistics.ts';
import { table } from '../table.ts';
import type { Subject, TracedSample } from './subject.ts';

/** The baseline of a round is the mean of its turns of off, of which there are two unless only some modes are measured. */
export function modesTable(
  pipeline: string,
  { kind, bytes, lines }: Corpus,
  subjects: readonly Subject[],
): string {
  const offs = subjects.filter(({ variant }) => variant.tracing.mode === 'off');
  const rounds = offs[0]!.samples.length;
  const meanOfOffs = (round: number, of: (sample: TracedSample) => number) =>
    offs.reduce((sum, { samples }) => sum + of(samples[round]!), 0) / offs.length;
  const offCpu = Array.from({ length: rounds }, (_, round) => meanOfOffs(round, ({ cpuMs }) => cpuMs));
  const offWall = Array.from({ length: rounds }, (_, round) => meanOfOffs(round, ({ wallMs }) => wallMs));
  const medianPerLog = (samples: readonly TracedSample[], of: (sample: TracedSample) => number) =>
    (summary(samples.map(of)).median / lines).toFixed(2);
  const title = `${pipeline}: ${kind}, ${(bytes / 2 ** 20).toFixed(0)} MiB, ${lines.toLocaleString('en-US')} logs, ${rounds} rounds`;
  const head = [
    'mode',
    'stamped',
    'CPU / off',
    'wall / off',
    'CPU ns/log',
    '+ns/log',
    'its own ns/log',
    'B/log of logs',
    'B/log of spans',
    'spans/log',
    'dropped',
  ];
  const rows = subjects.map(({ variant, samples }) => [
    variant.name,
    variant.stamped ? 'yes' : 'no',
    interval(
      samples.map(({ cpuMs }, i) => cpuMs / offCpu[i]!),
      3,
    ),
    interval(
      samples.map(({ wallMs }, i) => wallMs / offWall[i]!),
      3,
    ),
    interval(
      samples.map(({ cpuMs }) => (cpuMs * 1e6) / lines),
      0,
    ),
    interval(
      samples.map(({ cpuMs }, i) => ((cpuMs - offCpu[i]!) * 1e6) / lines),
      0,
    ),
    medianPerLog(samples, ({ tracingMs }) => tracingMs * 1e6),
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
