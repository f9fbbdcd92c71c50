/** The table of a pipeline's modes. Called by run.ts. */
import { cpuRatio } from '../figures.ts';
import { type Summary, summary } from '../statistics.ts';
import { range, table } from '../table.ts';
import type { Subject, TracedSample } from './subject.ts';

/** @param group what was measured of one pipeline; the first is the baseline. */
export function modesTable(group: readonly Subject[]): string {
  const [off] = group as [Subject, ...Subject[]];
  const { kind, bytes, lines } = off.corpus;
  const per = (logs: number, of: (sample: TracedSample) => number) => (samples: readonly TracedSample[]) =>
    range(summary(samples.map((sample) => of(sample) / logs)));
  const all = lines + off.warmUp.lines;
  const title = `${off.pipeline.name}: ${kind}, ${(bytes / 2 ** 20).toFixed(0)} MiB, ${lines.toLocaleString('en-US')} logs`;
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
  const rows = group.map(({ variant, samples }) => [
    variant.name,
    variant.stamped ? 'yes' : 'no',
    ratio(cpuRatio(samples, off.samples)),
    ratio(summary(samples.map(({ wallMs }, i) => wallMs / off.samples[i]!.wallMs))),
    per(lines, ({ cpuMs }) => cpuMs * 1e6)(samples),
    range(summary(samples.map(({ cpuMs }, i) => ((cpuMs - off.samples[i]!.cpuMs) * 1e6) / lines))),
    per(all, ({ logBytes }) => logBytes)(samples),
    per(all, ({ spanBytes }) => spanBytes)(samples),
    per(all, created)(samples),
    share(samples),
  ]);
  return `${title}\n${table([head, ...rows])}`;
}

const created = ({ tracing }: TracedSample) => tracing!.spans_created.log + tracing!.spans_created.system;

/** Three decimals: the differences that matter are of one per cent. */
function ratio({ median, min, max }: Summary): string {
  return `${median.toFixed(3)} (${min.toFixed(3)}–${max.toFixed(3)})`;
}

/** Spans that were dropped, over all repetitions: any above 0 % makes the row cheaper than it is. */
function share(samples: readonly TracedSample[]): string {
  const sum = (of: (sample: TracedSample) => number) =>
    samples.reduce((total, sample) => total + of(sample), 0);
  const made = sum(created);
  if (made === 0) return '-';
  const dropped = made - sum(({ tracing }) => tracing!.spans_exported);
  return dropped === 0 ? '0 %' : `${((100 * dropped) / made).toFixed(2)} %`;
}
