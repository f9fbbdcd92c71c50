/**
 * One measured run of the agent, as an operator starts it: `bin/log-capturer run --config FILE`, a process and a state
 * directory of its own. Called by the benchmarks.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentStatus } from '../src/component/status.ts';
import type { TracerStatus } from '../src/tracing/tracing.ts';
import { type Child, startChild } from './child.ts';
import type { Corpus } from './corpora.ts';
import { getJson } from './get-json.ts';
import { measure, type Sample, type Work } from './measure.ts';
import { cpuMs } from './process-usage.ts';
import { same } from './same-bytes.ts';

const LAUNCHER = join(import.meta.dirname, '../bin/log-capturer');
const READY_WITHIN_MS = 20_000;
/** Timers and caches of the start have come to rest. */
const SETTLE_MS = 500;
/** Longer than the last batch and, after it, the last spans wait for company. */
const LONG_QUIET_MS = 600;

export interface AgentWork {
  /** Folder on the corpus's file system for everything of this run. */
  readonly folder: string;
  readonly corpus: Corpus;
  /** The sink's keys without `id`. */
  readonly sink: Readonly<Record<string, unknown>>;
  readonly processors?: readonly unknown[];
  /** The file sink's output, to be compared with the input. */
  readonly output?: string;
  /**
   * The `tracing:` section. With it the run lasts until the agent has come to rest by itself, spans sent: asking it
   * meanwhile would cost it as much as some modes of tracing do.
   */
  readonly tracing?: Readonly<Record<string, unknown>>;
  /** Worked off before the measurement begins, so that compilation is not part of it. */
  readonly warmUp?: Corpus;
  /** How the corpus gets to the agent; at once when left out. */
  readonly feed?: Work['feed'];
  /** Begun with the measurement, such as requests to the API; what it returns ends it. */
  readonly alongside?: (port: number) => () => Promise<void>;
}

export interface AgentSample extends Sample {
  /** CPU of the start, which is not part of `cpuMs`. */
  readonly startCpuMs: number;
  /** What tracing says of itself in the end; only where `tracing` was given. */
  readonly tracing?: TracerStatus;
}

/** @throws when the agent fails, or delivered something else than every line once. */
export async function runAgent(work: AgentWork): Promise<AgentSample> {
  const folder = await mkdtemp(join(work.folder, 'agent-'));
  const port = await freePort();
  const input = join(folder, 'in', 'corpus.log');
  const config = join(folder, 'config.yaml');
  await mkdir(join(folder, 'in'));
  await writeFile(config, configText({ ...work, input, port }));
  const child = await startChild(LAUNCHER, ['run', '--config', config], { cwd: folder });
  try {
    await ready(child, port);
    await sleep(SETTLE_MS);
    const startCpuMs = cpuMs(child.pid);
    const { warmUp } = work;
    const untilRest = { delivered: null, quietMs: LONG_QUIET_MS, ...(work.feed && { feed: work.feed }) };
    if (warmUp !== undefined) {
      await measure({ child, corpus: warmUp, input: join(folder, 'in', 'warm-up.log'), ...untilRest });
    }
    const lines = work.corpus.lines + (warmUp?.lines ?? 0);
    const status = () => getJson<AgentStatus>(port, '/api/status');
    const delivered = async () => {
      const { sinks, dispatcher } = await status();
      return sinks[0]!.ledger.delivered >= lines && dispatcher.records_in_flight === 0;
    };
    const isTraced = work.tracing !== undefined;
    const task = { child, corpus: work.corpus, input };
    const end = work.alongside?.(port);
    const sample = await measure(isTraced ? { ...task, ...untilRest } : { ...task, delivered });
    await end?.();
    const tracing = isTraced ? await getJson<TracerStatus>(port, '/api/tracing/status') : undefined;
    const { read, delivered: arrived } = (await status()).sinks[0]!.ledger;
    if (read !== lines || arrived !== lines) {
      throw new Error(`${lines} lines were to be delivered; read ${read}, delivered ${arrived}`);
    }
    await child.stop();
    if (work.output !== undefined && !(await same(work.corpus.path, join(folder, work.output)))) {
      throw new Error(`${work.output} is not the input, byte for byte`);
    }
    return { ...sample, startCpuMs, ...(tracing && { tracing }) };
  } finally {
    await child.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** JSON, which is YAML. */
function configText({
  sink,
  processors = [],
  tracing,
  input,
  port,
}: AgentWork & { input: string; port: number }): string {
  return JSON.stringify({
    server: { host: '127.0.0.1', port },
    state_dir: './state',
    sources: [
      {
        id: 'bench',
        type: 'file',
        include: [join(dirname(input), '*.log')],
        start_at: 'beginning',
        scan_interval: '100ms',
        processors,
      },
    ],
    sinks: [{ id: 'out', ...sink }],
    tracing,
    log: { level: 'warn' },
  });
}

async function ready(child: Child, port: number): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!child.exited && performance.now() < deadline) {
    const answer = await getJson(port, '/ready').catch(() => undefined);
    if (answer !== undefined) return;
    await sleep(20);
  }
  throw new Error(`the agent did not become ready: ${child.output()}`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : 0));
    });
  });
}
