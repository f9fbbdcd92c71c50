/**
 * The modes of tracing in turns, in one running agent: for each turn its configuration is changed and reloaded, then it
 * works off copies of two corpora. Two processes that do the same differ by several per cent (where their memory lies,
 * what their engine has compiled), and so do two minutes of a shared machine; turns of one process differ by less, and
 * follow each other within seconds. Called by run.ts.
 */
import { execFileSync } from 'node:child_process';
import { copyFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentProcess } from '../agent-process.ts';
import type { Corpus } from '../corpora.ts';
import type { Discard } from '../discard.ts';
import { measure, type Sample } from '../measure.ts';
import { same } from '../same-bytes.ts';
import type { TracedSample } from './subject.ts';
import { sectionOf, type TracedPipeline, type Variant } from './variants.ts';

/** Longer than the last batch and, after it, the last spans wait for company. */
const QUIET_MS = 400;

/** What is worked off in each turn. */
export interface TurnWork {
  /** Before the measurement: the engine compiles some of what runs anew after a reload, which is not a cost of a log. */
  readonly warmUp: Corpus;
  readonly measured: Corpus;
}

export class Turns {
  readonly #agent: AgentProcess;
  readonly #pipeline: TracedPipeline;
  readonly #work: TurnWork;
  readonly #logEnd: Discard;
  readonly #spanEnd: Discard;
  /** Files and lines that the agent has got. */
  #files = 0;
  #lines = 0;
  /** Copies of corpora that the agent may still know; the newest is deleted last, so that no two have one inode. */
  #copies: string[] = [];

  private constructor(
    agent: AgentProcess,
    pipeline: TracedPipeline,
    work: TurnWork,
    [logEnd, spanEnd]: readonly [Discard, Discard],
  ) {
    this.#agent = agent;
    this.#pipeline = pipeline;
    this.#work = work;
    this.#logEnd = logEnd;
    this.#spanEnd = spanEnd;
  }

  /** @param ends of logs and of spans. */
  static async start(
    folder: string,
    pipeline: TracedPipeline,
    work: TurnWork,
    ends: readonly [Discard, Discard],
  ): Promise<Turns> {
    const { processors } = pipeline;
    const agent = await AgentProcess.start(folder, { sink: pipeline.sink(ends[0].port), processors });
    return new Turns(agent, pipeline, work, ends);
  }

  /** @throws when the agent fails, or delivered something else than every line once. */
  async take(variant: Variant): Promise<TracedSample> {
    const { processors } = this.#pipeline;
    const sink = this.#pipeline.sink(this.#logEnd.port);
    await this.#agent.reload({ sink, processors, tracing: sectionOf(variant, this.#spanEnd.port) });
    await this.#workOff(this.#work.warmUp);
    const before = await this.#stand();
    if (before.mode !== variant.tracing.mode)
      throw new Error(`mode ${before.mode} runs, not ${variant.name}`);
    const sample = await this.#workOff(this.#work.measured);
    const after = await this.#stand();
    const { wallMs, cpuMs } = sample;
    return {
      wallMs,
      cpuMs,
      logBytes: after.logBytes - before.logBytes,
      spanBytes: after.spanBytes - before.spanBytes,
      spansCreated: after.created - before.created,
      spansDropped: after.dropped - before.dropped,
      tracingMs: after.tracingMs - before.tracingMs,
    };
  }

  stop(): Promise<void> {
    return this.#agent.stop();
  }

  async #workOff(corpus: Corpus): Promise<Sample> {
    const agent = this.#agent;
    const name = `${++this.#files}.log`;
    const path = await this.#copy(corpus, name);
    const input = agent.input(name);
    const work = { corpus: { ...corpus, path }, input, delivered: null, quietMs: QUIET_MS };
    const sample = await measure({ child: agent.child, ...work });
    this.#lines += corpus.lines;
    await agent.check(this.#lines);
    const output = join(agent.folder, 'out', name);
    if (this.#pipeline.copies && !(await same(path, output)))
      throw new Error(`${output} is not the input, byte for byte`);
    // The sink keeps its files open: deleted ones would fill the disk.
    if (this.#pipeline.writesFiles) await truncate(output);
    await rm(input);
    return sample;
  }

  async #copy({ path }: Corpus, name: string): Promise<string> {
    const copy = join(this.#agent.folder, `corpus-${name}`);
    await copyFile(path, copy);
    // Into the page cache, so that no turn pays for the disk.
    execFileSync('cat', [copy], { stdio: ['ignore', 'ignore', 'inherit'] });
    this.#copies.push(copy);
    if (this.#copies.length > 2) await rm(this.#copies.shift()!);
    return copy;
  }

  async #stand() {
    const [logs, spans, tracing] = await Promise.all([
      this.#logEnd.stats(),
      this.#spanEnd.stats(),
      this.#agent.tracing(),
    ]);
    const { mode, spans_created, spans_dropped, spans_queued, cpu_seconds } = tracing;
    if (spans_queued > 0) throw new Error(`${spans_queued} spans were still waiting when all was at rest`);
    return {
      mode,
      logBytes: logs.bytes,
      spanBytes: spans.bytes,
      created: spans_created.log + spans_created.system,
      dropped: Object.values(spans_dropped).reduce((sum, count) => sum + count, 0),
      tracingMs: cpu_seconds * 1000,
    };
  }
}
