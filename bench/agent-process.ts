/**
 * The agent as an operator starts it: `bin/log-capturer run --config FILE`, a process and a folder of its own. It reads
 * every file that appears in a folder and gives the lines to one sink. Called by the benchmarks.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentStatus } from '../src/component/status.ts';
import type { TracerStatus } from '../src/tracing/tracing.ts';
import { type Child, startChild } from './child.ts';
import { getJson } from './get-json.ts';

const LAUNCHER = join(import.meta.dirname, '../bin/log-capturer');
const READY_WITHIN_MS = 20_000;
/** Timers and caches of the start have come to rest. */
const SETTLE_MS = 500;

type Section = Readonly<Record<string, unknown>>;

export interface AgentSettings {
  /** The sink's keys without `id`. */
  readonly sink: Section;
  readonly processors?: readonly unknown[] | undefined;
  /** The `tracing:` section; as it is by default when left out. */
  readonly tracing?: Section | undefined;
}

export class AgentProcess {
  readonly child: Child;
  readonly port: number;
  /** Everything of this process; deleted by `stop`. */
  readonly folder: string;

  private constructor(child: Child, port: number, folder: string) {
    this.child = child;
    this.port = port;
    this.folder = folder;
  }

  /**
   * Returns when the agent is ready and at rest.
   * @param parent folder on the corpus's file system. @throws when it does not become ready.
   */
  static async start(parent: string, settings: AgentSettings): Promise<AgentProcess> {
    const folder = await mkdtemp(join(parent, 'agent-'));
    const port = await freePort();
    await mkdir(join(folder, 'in'));
    await writeFile(join(folder, 'config.yaml'), configText(settings, port));
    const child = await startChild(LAUNCHER, ['run', '--config', 'config.yaml'], { cwd: folder });
    const agent = new AgentProcess(child, port, folder);
    try {
      await agent.#ready();
      await sleep(SETTLE_MS);
    } catch (error) {
      await agent.stop();
      throw error;
    }
    return agent;
  }

  /** Where the agent looks for a file of this name. */
  input(name: string): string {
    return join(this.folder, 'in', name);
  }

  status(): Promise<AgentStatus> {
    return getJson<AgentStatus>(this.port, '/api/status');
  }

  tracing(): Promise<TracerStatus> {
    return getJson<TracerStatus>(this.port, '/api/tracing/status');
  }

  /** Has it go on with other settings. @throws when they are refused. */
  async reload(settings: AgentSettings): Promise<void> {
    await writeFile(join(this.folder, 'config.yaml'), configText(settings, this.port));
    const url = `http://127.0.0.1:${this.port}/api/config/reload`;
    const answer = await fetch(url, { method: 'POST' });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the agent refused to reload: ${text}`);
  }

  /** @throws unless it has read this many lines since its start, and delivered each of them once. */
  async check(lines: number): Promise<void> {
    const { read, delivered } = (await this.status()).sinks[0]!.ledger;
    if (read !== lines || delivered !== lines) {
      throw new Error(`${lines} lines were to be delivered; read ${read}, delivered ${delivered}`);
    }
  }

  async stop(): Promise<void> {
    await this.child.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #ready(): Promise<void> {
    const deadline = performance.now() + READY_WITHIN_MS;
    while (!this.child.exited && performance.now() < deadline) {
      const answer = await getJson(this.port, '/ready').catch(() => undefined);
      if (answer !== undefined) return;
      await sleep(20);
    }
    throw new Error(`the agent did not become ready: ${this.child.output()}`);
  }
}

/** JSON, which is YAML. */
function configText({ sink, processors = [], tracing }: AgentSettings, port: number): string {
  return JSON.stringify({
    server: { host: '127.0.0.1', port },
    state_dir: './state',
    reload: { watch: false },
    sources: [
      {
        id: 'bench',
        type: 'file',
        include: ['./in/*.log'],
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
