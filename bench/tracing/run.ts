/**
 * `npm run bench:tracing`: what each mode of tracing costs, as the ratio to `off` in the same repetition, with every span
 * really sent. And what one span costs, beside OpenTelemetry's SDK. Method and reading: docs/benchmarks.md.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runAgent } from '../agent-run.ts';
import { type CorpusKind, corpus } from '../corpora.ts';
import { Discard } from '../discard.ts';
import { machine, machineText } from '../machine.ts';
import { readOptions } from '../options.ts';
import { shuffled } from '../statistics.ts';
import { ENGINE_COST, engineCostTable, measureEngineCost } from './engine-cost.ts';
import { pacedFeed } from './paced-feed.ts';
import { modesTable } from './report.ts';
import { measureSpanCost, SPAN_COST, spanCostTable } from './span-cost.ts';
import type { Subject } from './subject.ts';
import { OFF, sectionOf, TRACED_PIPELINES, variantsOf } from './variants.ts';

/** At most; long enough for the engine to have compiled what runs for every batch: some hundred times are not enough. */
const WARM_UP_BYTES = 1024 * 2 ** 20;

const options = readOptions(process.argv.slice(2));
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
const [logEnd, spanEnd] = await Promise.all([Discard.start(), Discard.start()]);
try {
  const corpora = await makeCorpora(new Set(pipelines.map(({ pipeline }) => pipeline.corpus)));
  const subjects = pipelines.map(({ pipeline, variants }) =>
    [OFF, ...variants].map(
      (variant): Subject => ({ pipeline, variant, ...corpora.get(pipeline.corpus)!, samples: [] }),
    ),
  );
  console.log(machineText(machine()));
  for (let repetition = 1; repetition <= options.repetitions; repetition++) {
    for (const group of shuffled(subjects)) {
      // The variants of a pipeline stay together: what is compared was measured within a minute.
      for (const subject of shuffled(group)) await measureOnce(subject, repetition);
    }
  }
  for (const group of subjects) console.log(`\n${modesTable(group)}`);
  const spanCosts = wanted(SPAN_COST) ? await measureSpanCost(options.repetitions) : [];
  if (spanCosts.length > 0) console.log(`\n${spanCostTable(spanCosts)}`);
  const engineCosts = wanted(ENGINE_COST) ? await measureEngineCost() : [];
  if (engineCosts.length > 0) console.log(`\n${engineCostTable(engineCosts)}`);
  if (options.json !== undefined) await writeJson(options.json, subjects.flat(), spanCosts, engineCosts);
} finally {
  await Promise.all([logEnd.stop(), spanEnd.stop()]);
  await rm(folder, { recursive: true, force: true });
}

async function makeCorpora(
  kinds: ReadonlySet<CorpusKind>,
): Promise<ReadonlyMap<CorpusKind, Pick<Subject, 'corpus' | 'warmUp'>>> {
  const corpora = new Map<CorpusKind, Pick<Subject, 'corpus' | 'warmUp'>>();
  for (const kind of kinds) {
    console.error(`corpus ${kind}: making it or taking it from ${options.folder}`);
    corpora.set(kind, {
      corpus: await corpus(kind, options.corpusBytes, options.folder),
      // Never the corpus itself: the agent would know the file again and not read it twice.
      warmUp: await corpus(kind, Math.min(WARM_UP_BYTES, options.corpusBytes / 2), options.folder),
    });
  }
  return corpora;
}

async function measureOnce(
  { pipeline, variant, corpus: it, warmUp, samples }: Subject,
  repetition: number,
): Promise<void> {
  // Into the page cache, so that no run pays for the disk.
  execFileSync('cat', [it.path], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [logsBefore, spansBefore] = await Promise.all([logEnd.stats(), spanEnd.stats()]);
  const sample = await runAgent({
    folder,
    corpus: it,
    sink: pipeline.sink(logEnd.port),
    warmUp,
    tracing: sectionOf(variant, spanEnd.port),
    ...(pipeline.bytesPerSecond && { feed: pacedFeed(pipeline.bytesPerSecond) }),
    ...(pipeline.processors && { processors: pipeline.processors }),
    ...(pipeline.output !== undefined && { output: pipeline.output }),
  });
  const [logsAfter, spansAfter] = await Promise.all([logEnd.stats(), spanEnd.stats()]);
  const { spans_created, spans_exported, spans_queued } = sample.tracing!;
  samples.push({
    ...sample,
    logBytes: logsAfter.bytes - logsBefore.bytes,
    spanBytes: spansAfter.bytes - spansBefore.bytes,
  });
  const ns = ((sample.cpuMs * 1e6) / it.lines).toFixed(1);
  const created = spans_created.log + spans_created.system;
  const spans = created === 0 ? 'no spans' : `${spans_exported} of ${created} spans exported`;
  console.error(
    `${repetition}/${options.repetitions}  ${pipeline.name}  ${variant.name}: ${ns} ns of CPU a log, ${spans}`,
  );
  if (spans_queued > 0) throw new Error(`${spans_queued} spans were still waiting when the run ended`);
}

async function writeJson(
  path: string,
  subjects: readonly Subject[],
  spanCosts: readonly object[],
  engineCosts: readonly object[],
): Promise<void> {
  const results = subjects.map(({ pipeline, variant, corpus: { kind, bytes, lines }, samples }) => ({
    pipeline: pipeline.name,
    variant: variant.name,
    stamped: variant.stamped,
    corpus: { kind, bytes, lines },
    samples,
  }));
  await writeFile(
    path,
    `${JSON.stringify({ machine: machine(), results, span_costs: spanCosts, engine_costs: engineCosts }, null, 2)}\n`,
  );
}
