/**
 * `npm run bench`: what the agent costs a log, pipeline by pipeline, beside what Node's `readline` costs for merely
 * reading the same file. Method and reading: docs/benchmarks.md.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AgentSample, runAgent } from './agent-run.ts';
import { type Corpus, type CorpusKind, corpus } from './corpora.ts';
import { Discard } from './discard.ts';
import { cpuRatio, figures } from './figures.ts';
import { machine, machineText } from './machine.ts';
import type { Sample } from './measure.ts';
import { readOptions } from './options.ts';
import { PIPELINES } from './pipelines.ts';
import { runReadline } from './readline-run.ts';
import { shuffled, summary } from './statistics.ts';
import { range, table } from './table.ts';

interface Subject {
  readonly name: string;
  readonly corpus: Corpus;
  readonly run: () => Promise<Sample | AgentSample>;
  readonly samples: (Sample | AgentSample)[];
}

const options = readOptions(process.argv.slice(2));
const pipelines = PIPELINES.filter(({ name }) => name.includes(options.only));
if (pipelines.length === 0) {
  console.error(
    `--only ${options.only}: no such pipeline; there are ${PIPELINES.map(({ name }) => name).join(', ')}`,
  );
  process.exit(2);
}

await mkdir(options.folder, { recursive: true });
const folder = await mkdtemp(join(options.folder, 'run-'));
const discard = await Discard.start();
try {
  const corpora = new Map<CorpusKind, Corpus>();
  for (const kind of new Set(pipelines.map((pipeline) => pipeline.corpus))) {
    console.error(`corpus ${kind}: making it or taking it from ${options.folder}`);
    corpora.set(kind, await corpus(kind, options.corpusBytes, options.folder));
  }
  const yardsticks = [...corpora.values()].map((it) =>
    subject(`readline ${it.kind}`, it, () => runReadline(it)),
  );
  const subjects = pipelines.map(({ name, sink, processors, output, ...pipeline }) => {
    const it = corpora.get(pipeline.corpus)!;
    return subject(name, it, () =>
      runAgent({ folder, corpus: it, sink: sink(discard.port), processors, output }),
    );
  });

  for (let repetition = 1; repetition <= options.repetitions; repetition++) {
    for (const it of shuffled([...subjects, ...yardsticks])) {
      warm(it.corpus);
      const sample = await it.run();
      it.samples.push(sample);
      const ns = (sample.cpuMs * 1e6) / it.corpus.lines;
      console.error(`${repetition}/${options.repetitions}  ${it.name}: ${ns.toFixed(0)} ns of CPU a log`);
    }
  }
  report([...corpora.values()], subjects, yardsticks);
  if (options.json !== undefined) await writeJson(options.json, [...subjects, ...yardsticks]);
} finally {
  await discard.stop();
  await rm(folder, { recursive: true, force: true });
}

function subject(name: string, it: Corpus, run: Subject['run']): Subject {
  return { name, corpus: it, run, samples: [] };
}

/** Reads the file into the page cache, so that no run pays for the disk. */
function warm({ path }: Corpus): void {
  execFileSync('cat', [path], { stdio: ['ignore', 'ignore', 'inherit'] });
}

function report(
  corpora: readonly Corpus[],
  subjects: readonly Subject[],
  yardsticks: readonly Subject[],
): void {
  console.log(machineText(machine()));
  for (const { kind, bytes, lines } of corpora) {
    const mean = (bytes / lines).toFixed(0);
    console.log(
      `${kind}: ${(bytes / 2 ** 20).toFixed(0)} MiB, ${lines.toLocaleString('en-US')} lines, ${mean} bytes a line`,
    );
  }
  const rows = [...subjects, ...yardsticks].map((it) => {
    const { mibPerSecond, logsPerSecond, cpuNsPerLog, cpuSecondsPerGib, peakRssMib } = figures(
      it.samples,
      it.corpus,
    );
    const yardstick = yardsticks.find((other) => other.corpus === it.corpus)!;
    const thousands = { median: 0, min: 0, max: 0 };
    for (const key of ['median', 'min', 'max'] as const) thousands[key] = logsPerSecond[key] / 1000;
    return [
      it.name,
      range(mibPerSecond),
      range(thousands),
      range(cpuNsPerLog),
      range(cpuSecondsPerGib),
      range(peakRssMib),
      it === yardstick ? '1' : range(cpuRatio(it.samples, yardstick.samples)),
    ];
  });
  const head = ['pipeline', 'MiB/s', 'k logs/s', 'CPU ns/log', 'CPU-s/GiB', 'peak RSS MiB', 'CPU / readline'];
  console.log(`\n${table([head, ...rows])}\n`);
  const starts = subjects.flatMap(({ samples }) =>
    samples.flatMap((it) => ('startCpuMs' in it ? it.startCpuMs : [])),
  );
  console.log(
    [
      `Median (min–max) of ${options.repetitions} repetitions, in random order, readline among them.`,
      'Counted: user and system time of all threads of the agent, from before the file appeared until every line was',
      'delivered, just-in-time compilation included. Not counted: the start of the process',
      `(${range(summary(starts))} ms of CPU), the discard server, the disk (files are in the page cache).`,
      'Peak RSS is since the start of the process. Every line was checked to be delivered once; of file-to-file, every byte.',
    ].join('\n'),
  );
}

async function writeJson(path: string, subjects: readonly Subject[]): Promise<void> {
  const results = subjects.map(({ name, samples, corpus: { kind, bytes, lines } }) => ({
    name,
    corpus: { kind, bytes, lines },
    samples,
  }));
  await writeFile(path, `${JSON.stringify({ machine: machine(), results }, null, 2)}\n`);
}
