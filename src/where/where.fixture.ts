/** A pipeline with one file, real but for its sinks and its clock, and a `Where` that watches it. For tests. */
import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { feed, RecordingLog, ScriptedSink, TestStream } from '../../test/fixtures/pipeline.ts';
import { FakeClock } from '../component/fake-clock.ts';
import type { Observer } from '../component/observer.ts';
import type { Processor } from '../component/processor.ts';
import type { SourceFile } from '../component/source.ts';
import { Dispatcher, type DispatcherOptions } from '../dispatcher/dispatcher.ts';
import { Kernel } from '../kernel/kernel.ts';
import type { DeadLetterPlace } from './answer.ts';
import { DeliveryJournal } from './journal.ts';
import type { TracedLog } from './knowledge.ts';
import { Where } from './where.ts';

export const STARTED_AT = '2026-11-22T14:02:00.000Z';

export class FileStreamUnderTest extends TestStream {
  readonly path: string;
  readonly key: string;
  committed = 0;

  constructor(source: string, path: string) {
    super(source, path);
    this.path = path;
    const { dev, ino } = statSync(path, { bigint: true });
    this.key = `${dev}:${ino}`;
  }

  override commit(position: number): void {
    super.commit(position);
    this.committed = position;
  }
}

export class WhereRig {
  readonly folder = mkdtempSync(join(tmpdir(), 'where-'));
  readonly kernel = Kernel.create({ memoryBytes: 2 ** 20, slotBytes: 2 ** 16, slotRecords: 1000 });
  readonly clock = new FakeClock({ epoch: Date.parse(STARTED_AT) });
  readonly log = new RecordingLog();
  readonly journal: DeliveryJournal;
  readonly where: Where;
  readonly dispatcher: Dispatcher;
  readonly sinks: ReadonlyMap<string, ScriptedSink>;
  readonly path = join(this.folder, 'a.log');
  readonly traced: TracedLog[] = [];
  readonly deadLetters: DeadLetterPlace[] = [];
  /** What the source says of its file, beyond what the stream knows. */
  file: Partial<SourceFile> = {};
  state: 'running' | 'waiting' = 'running';
  stream: FileStreamUnderTest;

  constructor(
    options: {
      sinks?: readonly string[];
      processors?: readonly Processor[];
      observers?: readonly Observer[];
      memoryBytes?: number;
      retry?: Partial<DispatcherOptions['retry']>;
      /** Which sources the sinks take; by default all. */
      selects?: (source: string) => boolean;
    } = {},
  ) {
    writeFileSync(this.path, '');
    this.stream = new FileStreamUnderTest('app', this.path);
    this.journal = new DeliveryJournal({ clock: this.clock, memoryBytes: options.memoryBytes ?? 2 ** 20 });
    const ids = options.sinks ?? ['out'];
    this.sinks = new Map(ids.map((id) => [id, new ScriptedSink(this.kernel)]));
    this.dispatcher = new Dispatcher({
      kernel: this.kernel,
      clock: this.clock,
      log: this.log,
      sources: new Map([['app', options.processors ?? []]]),
      sinks: [...this.sinks].map(([id, sink]) => ({ id, sink, selects: options.selects ?? (() => true) })),
      batchTimeoutMs: 200,
      retry: { initialMs: 500, maxMs: 30_000, giveUpAfterMs: 0, ...options.retry },
      observers: [...(options.observers ?? []), this.journal],
    });
    const { traced, deadLetters } = this;
    this.where = new Where({
      journal: this.journal,
      clock: this.clock,
      startedAt: STARTED_AT,
      knowledge: {
        files: () => [{ source: 'app', file: this.sourceFile() }],
        sources: () => ['app'],
        sourceState: () => this.state,
        ledger: (id) => this.dispatcher.status().sources.get(id),
        sinkStatus: (id) => this.dispatcher.status().sinks.get(id),
        traces: {
          byId: () => traced,
          at: () => undefined,
        },
        deadLetters: async () => deadLetters,
      },
    });
  }

  sourceFile(): SourceFile {
    const { key, path, position, committed } = this.stream;
    return { key, stream: path, path, position, committed, began: 0, skipped: 0, tailed: true, ...this.file };
  }

  sink(id = 'out'): ScriptedSink {
    return this.sinks.get(id)!;
  }

  /** Writes lines to the file. */
  write(lines: readonly string[]): void {
    appendFileSync(this.path, lines.map((line) => `${line}\n`).join(''));
  }

  /** Writes lines to the file and has them read. */
  read(lines: readonly string[]): void {
    this.write(lines);
    feed(this.kernel, this.dispatcher, this.stream, lines, this.clock.now());
  }

  /** Seals the batch that is open. */
  seal(): Promise<void> {
    return this.clock.advance(200);
  }

  /** Reads lines and has every sink acknowledge them. */
  async deliver(lines: readonly string[]): Promise<void> {
    this.read(lines);
    await this.seal();
    for (const sink of this.sinks.values()) await sink.answer();
  }

  async close(): Promise<void> {
    await this.where.close();
    rmSync(this.folder, { recursive: true });
  }
}

/** A processor that removes records with a text. */
export function removing(kernel: () => Kernel, text: string): Processor {
  return {
    label: `filter (drop: text contains "${text}")`,
    process(batch, segment) {
      const { starts, lengths } = batch.slot;
      const rows = segment.live ?? Uint32Array.from({ length: segment.count }, (_, i) => segment.first + i);
      const kept = rows.filter(
        (row) =>
          !kernel()
            .bytes.toString('utf8', starts[row]!, starts[row]! + lengths[row]!)
            .includes(text),
      );
      if (kept.length < rows.length) segment.live = kept;
    },
  };
}
