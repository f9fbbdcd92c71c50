/**
 * What the tests of this folder share: a folder of real files, a file source on it with a fake clock, and an intake
 * that writes down what it gets. Nothing outside tests calls it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '../../component/fake-clock.ts';
import type { Intake, Positions, Source } from '../../component/source.ts';
import { Kernel } from '../../kernel/kernel.ts';
import { RecordFlag } from '../../kernel/slot.ts';
import type { Chunk } from '../../record/chunk.ts';
import { fileSource } from './index.ts';
import { schema } from './schema.ts';

export interface Taken {
  readonly stream: string;
  readonly text: string;
  readonly split: boolean;
}

export class Rig {
  readonly folder = mkdtempSync(join(tmpdir(), 'file-source-'));
  readonly clock: FakeClock;
  readonly store = new Map<string, unknown>();
  readonly kernel: Kernel;
  readonly taken: Taken[] = [];
  readonly chunks: Chunk[] = [];
  readonly warnings: string[] = [];
  /** Whether chunks are acknowledged as soon as they come. */
  commits = true;
  /** Whether stored positions were lost. */
  damaged = false;
  /** Called with what the source logs in passing. */
  onInfo: (message: string) => void = () => {};
  source!: Source;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: { slotBytes?: number; slotRecords?: number; epoch?: number } = {}) {
    const { slotBytes = 64 * 1024, slotRecords = 1000, epoch } = options;
    this.clock = new FakeClock({ ...(epoch !== undefined && { epoch }) });
    this.kernel = Kernel.create({ memoryBytes: 16 * 2 ** 20, slotBytes, slotRecords });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Starts a source and waits until it has done what there was to do. `include` is relative to the folder. */
  async start(
    options: { include?: string[]; stateDir?: string; unwatchedSince?: number; [key: string]: unknown } = {},
  ): Promise<void> {
    const { include = ['*.log'], stateDir = '/nowhere', unwatchedSince, ...config } = options;
    const positions: Positions = {
      damaged: this.damaged,
      get: (key) => this.store.get(key),
      entries: () => this.store.entries(),
      // As through a file: what is stored must be JSON.
      set: (key, value) => void this.store.set(key, JSON.parse(JSON.stringify(value))),
      delete: (key) => void this.store.delete(key),
    };
    const ignore = () => {};
    this.source = fileSource.build(
      schema.parse({ include: include.map((pattern) => this.path(pattern)), ...config }),
      {
        id: 'test',
        labels: { service: 'x' },
        log: {
          debug: ignore,
          info: (_, message) => this.onInfo(message),
          error: ignore,
          warn: (_, message) => this.warnings.push(message),
        },
        clock: this.clock,
        kernel: this.kernel,
        stateDir,
        positions,
        ...(unwatchedSince !== undefined && { unwatchedSince }),
      },
    );
    this.#stop = new AbortController();
    const intake: Intake = { slots: this.kernel.slots, handle: (chunk) => this.#take(chunk) };
    this.#running = this.source.run(intake, this.#stop.signal);
    await this.clock.waiting();
  }

  /** Lets time pass in steps of a poll interval, waiting each time until the source is at rest. */
  async pass(ms = 250): Promise<void> {
    for (let passed = 0; passed < ms; passed += 250) {
      await this.clock.advance(Math.min(250, ms - passed));
      await this.clock.waiting();
    }
  }

  async stop(reason = new Error('stop')): Promise<void> {
    this.#stop.abort(reason);
    await this.#running;
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Texts of the records so far; they are forgotten then. */
  texts(): string[] {
    return this.taken.splice(0).map(({ text }) => text);
  }

  details(): Readonly<Record<string, number | string>> {
    return this.source.status().details!;
  }

  #take(chunk: Chunk): void {
    const { slot, count, stream } = chunk;
    for (let record = 0; record < count; record++) {
      const start = slot.starts[record]!;
      this.taken.push({
        stream: stream.id,
        text: this.kernel.bytes.toString('utf8', start, start + slot.lengths[record]!),
        split: (slot.flags[record]! & RecordFlag.split) !== 0,
      });
    }
    this.chunks.push(chunk);
    slot.bytes.fill(0x58, 0, chunk.bytes);
    this.kernel.slots.give(slot);
    if (this.commits) stream.commit(chunk.position);
  }
}
