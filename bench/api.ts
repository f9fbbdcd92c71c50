/**
 * `npm run bench:api`: 200 requests a second to the API while logs flow as fast as they can. How long answers take, whether
 * any fails, and what it costs the logs: each repetition runs the same file with and without requests, in random order.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AgentSample, runAgent } from './agent-run.ts';
import { type Answered, ApiLoad, quantile } from './api-load.ts';
import { corpus } from './corpora.ts';
import { Discard } from './discard.ts';
import { machine, machineText } from './machine.ts';
import { readOptions } from './options.ts';
import { PIPELINES } from './pipelines.ts';
import { shuffled, summary } from './statistics.ts';
import { range, table } from './table.ts';

const REQUESTS_PER_SECOND = 200;

interface Subject {
  readonly name: string;
  readonly asked: boolean;
  readonly samples: AgentSample[];
  readonly answers: Answered[];
}

const options = readOptions(process.argv.slice(2));
const pipeline = PIPELINES.find(({ name }) => name === 'file-to-loki')!;
const subjects: readonly Subject[] = [
  { name: 'no requests', asked: false, samples: [], answers: [] },
  { name: `${REQUESTS_PER_SECOND} requests/s`, asked: true, samples: [], answers: [] },
];

await mkdir(options.folder, { recursive: true });
const folder = await mkdtemp(join(options.folder, 'api-'));
const discard = await Discard.start();
try {
  console.error(`corpus ${pipeline.corpus}: making it or taking it from ${options.folder}`);
  const logs = await corpus(pipeline.corpus, options.corpusBytes, options.folder);
  for (let repetition = 1; repetition <= options.repetitions; repetition++) {
    for (const subject of shuffled(subjects)) {
      const loads: ApiLoad[] = [];
      const sample = await runAgent({
        folder,
        corpus: logs,
        sink: pipeline.sink(discard.port),
        ...(subject.asked && {
          alongside: (port: number) => {
            const load = new ApiLoad(port, REQUESTS_PER_SECOND);
            loads.push(load);
            return () => load.end();
          },
        }),
      });
      subject.samples.push(sample);
      for (const { answers } of loads) subject.answers.push(...answers);
      console.error(`${repetition}/${options.repetitions}  ${subject.name}: ${sample.wallMs.toFixed(0)} ms`);
    }
  }
  report(logs.lines);
  if (options.json !== undefined) {
    await writeFile(
      options.json,
      `${JSON.stringify({ machine: machine(), lines: logs.lines, subjects }, null, 2)}\n`,
    );
  }
} finally {
  await discard.stop();
  await rm(folder, { recursive: true, force: true });
}

function report(lines: number): void {
  const rates = subjects.map(({ samples }) => summary(samples.map(({ wallMs }) => lines / wallMs)));
  const rows = subjects.map(({ name, samples, answers }, i) => {
    const times = answers.map(({ ms }) => ms).sort((a, b) => a - b);
    const text = (share: number) => (times.length === 0 ? '' : quantile(times, share).toFixed(1));
    return [
      name,
      range(rates[i]!),
      `${((100 * rates[i]!.median) / rates[0]!.median).toFixed(1)} %`,
      range(summary(samples.map(({ cpuMs }) => (cpuMs * 1e6) / lines))),
      answers.length === 0 ? '' : String(answers.length),
      answers.length === 0 ? '' : String(answers.filter(({ failure }) => failure !== null).length),
      text(0.5),
      text(0.99),
      text(1),
    ];
  });
  const head = [
    '',
    'k logs/s',
    'of no requests',
    'CPU ns/log',
    'requests',
    'failed',
    'P50 ms',
    'P99 ms',
    'max ms',
  ];
  console.log(`${machineText(machine())}\n\n${table([head, ...rows])}\n`);
  const failures = new Set(
    subjects.flatMap(({ answers }) => answers.flatMap(({ failure }) => failure ?? [])),
  );
  for (const failure of failures) console.log(`failed: ${failure}`);
  if (failures.size > 0) process.exitCode = 1;
}
