/** One measured run of the agent: a process of its own works off one file. Called by the benchmarks. */
import { join } from 'node:path';
import { AgentProcess, type AgentSettings } from './agent-process.ts';
import type { Corpus } from './corpora.ts';
import { measure, type Sample } from './measure.ts';
import { cpuMs } from './process-usage.ts';
import { same } from './same-bytes.ts';

export interface AgentWork extends AgentSettings {
  /** Folder on the corpus's file system for everything of this run. */
  readonly folder: string;
  readonly corpus: Corpus;
  /** The file sink's output, to be compared with the input. */
  readonly output?: string | undefined;
  /** Begun with the measurement, such as requests to the API; what it returns ends it. */
  readonly alongside?: (port: number) => () => Promise<void>;
}

export interface AgentSample extends Sample {
  /** CPU of the start, which is not part of `cpuMs`. */
  readonly startCpuMs: number;
}

/** @throws when the agent fails, or delivered something else than every line once. */
export async function runAgent(work: AgentWork): Promise<AgentSample> {
  const { corpus } = work;
  const agent = await AgentProcess.start(work.folder, work);
  try {
    const { child } = agent;
    const startCpuMs = cpuMs(child.pid);
    const delivered = async () => {
      const { sinks, dispatcher } = await agent.status();
      return sinks[0]!.ledger.delivered >= corpus.lines && dispatcher.records_in_flight === 0;
    };
    const end = work.alongside?.(agent.port);
    const sample = await measure({ child, corpus, input: agent.input('corpus.log'), delivered });
    await end?.();
    await agent.check(corpus.lines);
    await child.stop();
    if (work.output !== undefined && !(await same(corpus.path, join(agent.folder, work.output)))) {
      throw new Error(`${work.output} is not the input, byte for byte`);
    }
    return { ...sample, startCpuMs };
  } finally {
    await agent.stop();
  }
}
