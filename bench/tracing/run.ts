/**
 * `npm run bench:tracing`: what each mode of tracing costs, as the ratio to `off` in the same round, with every span
 * really sent. And what one span costs, beside OpenTelemetry's SDK. Method and reading: docs/benchmarks.md.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Corpus, corpus } from '../corpora.ts';
import { Discard } from '../discard.ts';
import { machine, machineText } from '../machine.ts';
import { readOptions } from '../options.ts';
import { shuffled } from '../statistics.ts';
import { ENGINE_COST, engineCostTable, measureEngineCost } from './engine-cost.ts';
import { modesTable } from './report.ts';
import { measureSpanCost, SPAN_COST, spanCostTable } from './span-cost.ts';
import type { Subject } from './subject.ts';
import { Turns } from './turns.ts';
import { OFF, TRACED_PIPELINES, type TracedPipeline, type Variant, variantsOf } from './variants.ts';

/** Not measured: what runs once a batch is compiled for good only after some thousand batches, and an agent runs for months. */
const FIRST_ROUNDS = 6;
/** Part of the corpus's size that warms each turn up. */
const WARM_UP = 1 / 4;

interface Result {
  readonly pipeline: TracedPipeline;
  readonly corpus: Corpus;
  readonly subjects: readonly Subject[];
}

const options = readOptions(process.argv.slice(2), { repetitions: 15, size: '512MiB' });
const wanted = (name: string) => name.includes(options.only);
const pipelines = TRACED_PIPELINES.map((pipeline) => ({
  pipeline,
  variants: variantsOf(pipeline).filter((variant) => wanted(`${pipeline.name} ${variant.name}`)),
})).filter(({ variants }) => variants.length > 0);
if (pipelines.length === 0 && !wanted(SPAN_COST) && !wanted(ENGINE_COST)) {
  const names = TRACED_PIPELINES.flatMap((it) => variantsOf(it).map(({ name }) => `${it.name} ${name}`));
  console.error(
    `--only ${options.only}: nothing of that name; there are\n  ${[...names, SPAN_COST, ENGINE_COST].join('\n  ')}`,
  );
  process.exit(2);
}

await mkdir(options.folder, { recursive: true });
const folder = await mkdtemp(join(options.folder, 'tracing-'));
const ends = await Promise.all([Discard.start(), Discard.start()]);
try {
  console.log(machineText(machine()));
  const results: Result[] = [];
  for (const { pipeline, variants } of pipelines) {
    const result = await measureModes(pipeline, variants);
    console.log(`\n${modesTable(result.pipeline.name, result.corpus, result.subjects)}`);
    results.push(result);
  }
  const spanCosts = wanted(SPAN_COST) ? await measureSpanCost(options.repetitions) : [];
  if (spanCosts.length > 0) console.log(`\n${spanCostTable(spanCosts)}`);
  const engineCosts = wanted(ENGINE_COST) ? await measureEngineCost() : [];
  if (engineCosts.length > 0) console.log(`\n${engineCostTable(engineCosts)}`);
  if (options.json !== undefined) await writeJson(options.json, results, spanCosts, engineCosts);
} finally {
  await Promise.all(ends.map((end) => end.stop()));
  await rm(folder, { recursive: true, force: true });
}

async function measureModes(pipeline: TracedPipeline, variants: readonly Variant[]): Promise<Result> {
  console.error(`corpus ${pipeline.corpus}: making it or taking it from ${options.folder}`);
  const it = await corpus(pipeline.corpus, options.corpusBytes, options.folder);
  const subjects = [OFF, ...variants].map((variant): Subject => ({ variant, samples: [] }));
  const warmUp = await corpus(pipeline.corpus, options.corpusBytes * WARM_UP, options.folder);
  const turns = await Turns.start(folder, pipeline, { warmUp, measured: it }, ends);
  try {
    for (let round = 1; round <= FIRST_ROUNDS; round++) {
      for (const { variant } of subjects) await turns.take(variant);
    }
    for (let round = 1; round <= options.repetitions; round++) {
      for (const { variant, samples } of shuffled(subjects)) samples.push(await turns.take(variant));
      const ns = subjects.map(({ samples }) => ((samples.at(-1)!.cpuMs * 1e6) / it.lines).toFixed(0));
      console.error(`${round}/${options.repetitions}  ${pipeline.name}: ${ns.join(', ')} ns of CPU a log`);
    }
  } finally {
    await turns.stop();
  }
  return { pipeline, corpus: it, subjects };
}

async function writeJson(
  path: string,
  pipelineResults: readonly Result[],
  spanCosts: readonly object[],
  engineCosts: readonly object[],
): Promise<void> {
  const results = pipelineResults.flatMap(({ pipeline, corpus: { kind, bytes, lines }, subjects }) =>
    subjects.map(({ variant, samples }) => ({
      pipeline: pipeline.name,
      variant: variant.name,
      stamped: variant.stamped,
      corpus: { kind, bytes, lines },
      samples,
    })),
  );
  await writeFile(
    path,
    `${JSON.stringify({ machine: machine(), results, span_costs: spanCosts, engine_costs: engineCosts }, null, 2)}\n`,
  );
}
