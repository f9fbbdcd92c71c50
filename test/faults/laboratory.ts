/**
 * Plays a plan: the real agent in a process of its own, the writer and the sinks in this one. Says what was wrong at
 * the end. Called by the command line and by the short run of the tests.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import type { AgentStatus } from '../../src/component/status.ts';
import { AgentUnderTest } from '../fixtures/agent.ts';
import { LokiStub } from '../stubs/loki.ts';
import { configOf } from './config.ts';
import { readLetters } from './letters.ts';
import { Logs } from './logs.ts';
import { readLine } from './numbered-line.ts';
import { OutputFolder } from './output-folder.ts';
import type { Plan, Step } from './plan.ts';
import { Poster } from './poster.ts';
import { Random } from './random.ts';
import { Receiver, type Restart } from './receiver.ts';
import { StateDisk } from './state-disk.ts';
import { treatments } from './treatments.ts';
import { unknowable } from './unknowable.ts';

/** How long files may wait for a descriptor, in milliseconds, before they count as seen. */
const DESCRIPTORS_MS = 3000;
/** What the agent says when it is wrong itself. */
const OWN_FAULTS = [
  'an observer of the pipeline failed',
  'a processor failed',
  'a fault of log-capturer itself',
];
/** How long lines may take that must arrive, in milliseconds. */
const PATIENCE_MS = Number(process.env.FAULTS_PATIENCE_MS ?? 30_000);

export interface Outcome {
  readonly seed: number;
  /** What must not be, in words; empty: the run was good. */
  readonly faults: readonly string[];
  readonly lines: number;
  /** Lines that need not arrive, by the reason. */
  readonly excused: Readonly<Record<string, number>>;
  /** Lines that came again after a restart, by the reason of the restart. */
  readonly repeated: Readonly<Record<string, number>>;
  readonly kills: number;
  readonly starts: number;
  readonly rotations: number;
  readonly tookMs: number;
  /** Where everything is to be seen, when it was kept. */
  readonly folder?: string;
}

export async function play(plan: Plan, options: { keeps?: boolean } = {}): Promise<Outcome> {
  const startedAt = performance.now();
  const laboratory = await Laboratory.open(plan);
  let faults: string[];
  try {
    faults = await laboratory.play();
  } catch (error) {
    faults = [...laboratory.faults, `the run broke: ${(error as Error).stack}`];
  }
  const keeps = options.keeps === true && faults.length > 0;
  await laboratory.close(keeps);
  return {
    ...laboratory.counts(),
    faults,
    tookMs: performance.now() - startedAt,
    ...(keeps && { folder: laboratory.agent.dir }),
  };
}

class Laboratory {
  readonly agent: AgentUnderTest;
  readonly faults: string[] = [];
  readonly #plan: Plan;
  readonly #logs: Logs;
  readonly #disk: StateDisk;
  readonly #loki: LokiStub | undefined;
  readonly #output: OutputFolder | undefined;
  readonly #receivers: Receiver[] = [];
  readonly #restarts: Restart[] = [];
  readonly #sink;
  readonly #httpPort: number;
  readonly #poster: Poster;
  #pid: number | undefined;
  /** Paths of which no position was stored when the agent was started. */
  #unseen: string[] = [];
  #starts = 0;
  #kills = 0;
  #rotations = 0;
  #reloads = 0;
  #repeated: Readonly<Record<string, number>> = {};

  private constructor(
    agent: AgentUnderTest,
    plan: Plan,
    loki: LokiStub | undefined,
    receiver: Receiver | undefined,
    sink: ReturnType<typeof treatments>,
    httpPort: number,
  ) {
    this.agent = agent;
    this.#plan = plan;
    this.#loki = loki;
    this.#sink = sink;
    this.#httpPort = httpPort;
    this.#poster = new Poster(httpPort);
    this.#disk = new StateDisk(join(agent.dir, 'disk'), { isSmall: plan.onSmallDisk });
    this.#logs = new Logs({
      folder: join(agent.dir, 'logs'),
      seed: plan.seed,
      random: new Random(plan.seed + 0x5eed),
    });
    this.#logs.isHeld = (key) => plan.maxOpenFiles > 100 && this.#holds(key);
    if (receiver !== undefined) this.#receivers.push(receiver);
    if (plan.sinks.includes('file')) {
      const files = new Receiver('files', plan.seed);
      this.#output = new OutputFolder(join(agent.dir, 'disk', 'out'), files);
      this.#receivers.push(files);
    }
  }

  static async open(plan: Plan): Promise<Laboratory> {
    const agent = await AgentUnderTest.create();
    const sink = treatments(new Random(plan.seed + 0x51));
    let loki: LokiStub | undefined;
    let receiver: Receiver | undefined;
    if (plan.sinks.includes('loki')) {
      const receives = new Receiver('loki', plan.seed);
      receiver = receives;
      loki = await LokiStub.start({
        treat: () => sink.next(),
        onEntry: ({ line, ns }) => receives.receive(line, ns),
        refuse: ({ line }) => {
          const id = readLine(plan.seed, line);
          if (id === undefined || !sink.refuses(id)) return undefined;
          receives.refused.add(`${id.file}.${id.seq}`);
          return 'entry too far behind';
        },
      });
    }
    const laboratory = new Laboratory(agent, plan, loki, receiver, sink, await freePort());
    await laboratory.#configure();
    return laboratory;
  }

  async play(): Promise<string[]> {
    for (const step of this.#plan.steps) await this.#do(step);
    this.#disk.free();
    this.#sink.behaviour = 'normal';
    if (this.#pid === undefined) await this.#start();
    for (const name of this.#logs.names()) this.#logs.write(name, 1);
    if (this.#plan.http) this.#poster.post(this.#logs.makeForPost(1));
    await this.#settle();
    const code = await this.agent.stop();
    this.#pid = undefined;
    if (code !== 0) this.faults.push(`the agent ended with ${code} although everything was delivered`);
    this.#readArrivals();
    for (const complaint of OWN_FAULTS) {
      const line = this.agent.stderr.split('\n').find((text) => text.includes(complaint));
      if (line !== undefined) this.faults.push(`a fault of the agent itself: ${line}`);
    }
    for (const receiver of this.#receivers) {
      receiver.resent = this.#poster.repeated;
      const findings = receiver.judge(this.#logs.contents, this.#restarts, receiver.name === 'loki');
      this.faults.push(...findings.faults);
      this.#repeated = add(this.#repeated, findings.repeated);
    }
    return this.faults;
  }

  counts(): Omit<Outcome, 'faults' | 'tookMs'> {
    const lines = this.#logs.contents.flatMap((content) => content.lines);
    const excused: Record<string, number> = {};
    for (const { excuse } of lines) if (excuse !== undefined) excused[excuse] = (excused[excuse] ?? 0) + 1;
    return {
      seed: this.#plan.seed,
      lines: lines.length,
      excused,
      repeated: this.#repeated,
      kills: this.#kills,
      starts: this.#starts,
      rotations: this.#rotations,
    };
  }

  async close(keeps: boolean): Promise<void> {
    this.#poster.close();
    await this.agent.stop('SIGKILL');
    this.#logs.close();
    await this.#loki?.stop();
    if (keeps) {
      writeFileSync(join(this.agent.dir, 'stderr'), this.agent.stderr);
      writeFileSync(join(this.agent.dir, 'plan.json'), JSON.stringify(this.#plan, null, 1));
      for (const receiver of this.#receivers)
        writeFileSync(join(this.agent.dir, `arrivals-${receiver.name}`), receiver.history());
    }
    this.#disk.release(keeps ? join(this.agent.dir, 'disk.kept') : undefined);
    if (!keeps) await this.agent[Symbol.asyncDispose]();
  }

  async #do(step: Step): Promise<void> {
    const logs = this.#logs;
    switch (step.do) {
      case 'write':
        return logs.write(step.log, step.lines);
      case 'post':
        return this.#poster.post(logs.makeForPost(step.lines));
      case 'write_stale':
        return logs.writeStale(step.log, step.lines);
      case 'rename':
        this.#rotations++;
        return logs.rename(step.log, step);
      case 'copytruncate':
        this.#rotations++;
        return logs.copyTruncate(step.log, step);
      case 'recreate':
        this.#rotations++;
        return logs.recreate(step.log);
      case 'swap':
        this.#rotations++;
        return logs.swap(step.log);
      case 'compress':
        return logs.compress(step.log);
      case 'wait':
        return sleep(step.ms);
      case 'settle':
        return this.#settle();
      case 'start':
        return this.#start();
      case 'kill':
        return this.#kill();
      case 'stop':
        return this.#stop();
      case 'reload':
        return this.#reload();
      case 'corrupt':
        if (this.#disk.damagePositions(step)) this.#mayRepeat({ reason: 'positions damaged' });
        return;
      case 'fill_disk':
        this.#disk.fill();
        return this.#mayRepeat({ reason: 'disk full', lasts: true });
      case 'free_disk':
        return this.#disk.free();
      case 'sink':
        this.#sink.behaviour = step.behaviour;
    }
  }

  async #start(): Promise<void> {
    this.#readArrivals();
    this.#excuseUnknown();
    const child = await this.#startAgent();
    this.#pid = child.pid!;
    await this.#untilSeen();
    this.#starts++;
  }

  /** What is rotated before the very first look at its path cannot be told from what was rotated long ago. */
  async #untilSeen(): Promise<void> {
    if (this.#unseen.length === 0) return;
    const startedAt = performance.now();
    await this.agent.statusWhen(({ sources }) => {
      const { streams, details } = sources.find(({ id }) => id === 'app')!;
      // Those that wait for a descriptor are not among the streams.
      if (Number(details!.files_unreadable) > 0 && performance.now() - startedAt > DESCRIPTORS_MS)
        return true;
      return this.#unseen.every((path) => streams.some(({ id }) => id === path));
    });
  }

  /** While the agent is down, the system may give its port to a connection for a moment. */
  async #startAgent(): Promise<ChildProcess> {
    for (let tries = 50; ; tries--) {
      try {
        return await this.agent.start();
      } catch (error) {
        if (tries === 0 || !(error as Error).message.includes('port is in use')) throw error;
        await sleep(100);
      }
    }
  }

  async #kill(): Promise<void> {
    await this.#check();
    await this.agent.stop('SIGKILL');
    this.#ended('killed');
    this.#kills++;
  }

  async #stop(): Promise<void> {
    const said = this.agent.stderr.length;
    const code = await this.agent.stop();
    const isClean = code === 0 && !this.agent.stderr.slice(said).includes('before every log was delivered');
    if (isClean) this.#pid = undefined;
    else if (this.#disk.isFull || this.#sink.behaviour !== 'normal')
      this.#ended('stopped while a sink was down');
    else {
      this.#ended('stopped');
      if (code !== 0) this.faults.push(`the agent ended with ${code} when it was told to stop`);
    }
  }

  #ended(reason: string): void {
    this.#pid = undefined;
    this.#mayRepeat({ reason });
  }

  /** From now on lines may come again. */
  #mayRepeat(restart: Omit<Restart, 'at'>): void {
    this.#output?.read({ isWritten: this.#pid !== undefined });
    this.#restarts.push({ at: Date.now(), ...restart });
    if (this.#output !== undefined) this.#output.restarts++;
  }

  /** Waits until every line that must arrive has, and until the agent says so too. */
  async #settle(): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    let status: AgentStatus;
    for (;;) {
      this.#readArrivals();
      status = await this.#check();
      const missing = this.#receivers.map((receiver) => receiver.missing(this.#logs.contents));
      const isDone = this.#poster.isIdle && missing.every((count) => count === 0);
      if (isDone && status.dispatcher.records_in_flight === 0) return;
      if (performance.now() > deadline) {
        const lag = status.sources
          .find(({ id }) => id === 'app')!
          .streams.filter(({ lag_bytes }) => lag_bytes > 0);
        this.faults.push(
          `still missing after ${PATIENCE_MS} ms: ${missing.join(' and ')} lines, ${status.dispatcher.records_in_flight} in flight; ${JSON.stringify(status.sources[0]!.details)}; behind: ${JSON.stringify(lag)}`,
        );
        return;
      }
      await sleep(30);
    }
  }

  #readArrivals(): void {
    this.#output?.read({ isWritten: this.#pid !== undefined });
    readLetters(join(this.agent.dir, 'disk', 'state', 'dead-letters'), this.#plan.seed, this.#receivers);
  }

  /** Every ledger must balance at any moment. */
  async #check(): Promise<AgentStatus> {
    const status = await this.agent.status();
    for (const { id, ledger } of [...status.sources, ...status.sinks]) {
      if (!ledger.balanced)
        this.faults.push(`the ledger of ${id} does not balance: ${JSON.stringify(ledger)}`);
    }
    return status;
  }

  async #configure(): Promise<void> {
    await this.agent.configure(
      configOf(this.#plan, { lokiUrl: this.#loki?.url, httpPort: this.#httpPort, reloads: this.#reloads }),
    );
  }

  async #reload(): Promise<void> {
    this.#reloads++;
    await this.#configure();
    process.kill(this.#pid!, 'SIGHUP');
  }

  /** Before a start: excuses what is in files that no agent can know of. */
  #excuseUnknown(): void {
    const stored = this.#disk.stored();
    const homes = new Set(stored.paths.values());
    this.#unseen = this.#logs
      .names()
      .map((name) => join(this.#logs.folder, name))
      .filter((path) => !homes.has(path));
    for (const content of this.#logs.contents) {
      const reason = unknowable(content, { logs: this.#logs, plan: this.#plan, stored });
      if (reason === undefined) continue;
      // Also what is still to be written to it.
      content.excuse = reason;
      for (const line of content.lines) {
        if (!this.#receivers.every((receiver) => receiver.has(content.file, line.seq)))
          line.excuse ??= reason;
      }
    }
  }

  #holds(key: string): boolean {
    if (this.#pid === undefined) return false;
    const folder = `/proc/${this.#pid}/fd`;
    return readdirSync(folder).some((name) => {
      const stats = statSync(join(folder, name), { bigint: true, throwIfNoEntry: false });
      return stats !== undefined && `${stats.dev}:${stats.ino}` === key;
    });
  }
}

function add(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Record<string, number> {
  const sum: Record<string, number> = { ...a };
  for (const [key, count] of Object.entries(b)) sum[key] = (sum[key] ?? 0) + count;
  return sum;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
