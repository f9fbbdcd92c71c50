/** Parts to store and what was read back, for tests of the disk buffer. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordingLog } from '../../../test/fixtures/pipeline.ts';
import { FakeClock } from '../../component/fake-clock.ts';
import { Kernel } from '../../kernel/kernel.ts';
import type { Fields } from '../../record/batch.ts';
import type { Stream } from '../../record/stream.ts';
import type { Traced } from '../../record/traced.ts';
import { BatchInFlight } from '../batch-in-flight.ts';
import { DiskBuffer } from './disk-buffer.ts';
import type { Part } from './encode.ts';
import { type Holdings, holdingsOf } from './holdings.ts';
import type { BufferSettings } from './settings.ts';

export interface Run {
  readonly stream?: Partial<Stream>;
  readonly lines: readonly string[];
  /** Places of the records that processors let through. */
  readonly live?: readonly number[];
  readonly traced?: Omit<Traced, 'rows' | 'count'> & { readonly rows?: readonly number[] };
  readonly fields?: readonly (Fields | undefined)[];
  readonly severities?: readonly number[];
  readonly timestamps?: readonly bigint[];
  readonly contexts?: readonly (Uint8Array | undefined)[];
  readonly readAt?: number;
  readonly counts?: boolean;
}

export const HTTP: Stream = { id: 'web', source: 'web', sourceType: 'http', labels: {}, commit() {} };

/** A part with one segment a run. Its slot must be given back by whoever wants it. */
export function partOf(kernel: Kernel, runs: readonly Run[]): Part {
  const slot = kernel.slots.take()!;
  const batch = new BatchInFlight(1, slot, 0);
  batch.sealedAt = 7;
  const fields: (Fields | undefined)[] = [];
  for (const run of runs) {
    const first = batch.count;
    let at = batch.bytes;
    for (const [place, line] of run.lines.entries()) {
      const row = first + place;
      const length = slot.bytes.write(line, at);
      slot.bytes[at + length] = 0x0a;
      slot.starts[row] = slot.address + at;
      slot.lengths[row] = length;
      slot.flags[row] = 0;
      slot.severities[row] = run.severities?.[place] ?? 0;
      slot.timestamps[row] = run.timestamps?.[place] ?? 0n;
      const context = run.contexts?.[place];
      slot.contexts.fill(0, row * 32, row * 32 + 32);
      if (context !== undefined) slot.contexts.set(context, row * 32);
      fields[row] = run.fields?.[place];
      at += length + 1;
    }
    const segment = batch.append({
      slot,
      stream: { ...HTTP, ...run.stream },
      bytes: at - batch.bytes,
      count: run.lines.length,
      readAt: run.readAt ?? 5,
      from: 100,
      position: 100 + at,
    });
    if (run.live !== undefined) segment.live = Uint32Array.from(run.live, (place) => first + place);
    if (run.traced !== undefined) {
      const rows = run.traced.rows?.map((place) => first + place);
      const count = rows?.length ?? run.live?.length ?? run.lines.length;
      segment.traced = { ...run.traced, rows: rows === undefined ? null : Uint32Array.from(rows), count };
    }
  }
  if (fields.some((each) => each !== undefined)) batch.fields = fields;
  batch.hasSeverities = runs.some(({ severities }) => severities !== undefined);
  batch.hasTimestamps = runs.some(({ timestamps }) => timestamps !== undefined);
  return {
    batch,
    segments: batch.segments.filter((segment) => segment.live === null || segment.live.length > 0),
    counts: (segment) => runs[segment.index]!.counts ?? true,
  };
}

export class BufferRig {
  readonly kernel = Kernel.create({ memoryBytes: 2 ** 22, slotBytes: 2 ** 18, slotRecords: 2000 });
  readonly clock = new FakeClock();
  readonly log = new RecordingLog();
  readonly lost: { records: number; sources: Record<string, number>; reason: string }[] = [];
  readonly folder: string;
  readonly #open: DiskBuffer[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<BufferRig> {
    return new BufferRig(await mkdtemp(join(tmpdir(), 'disk-buffer-')));
  }

  async open(settings: Partial<BufferSettings> = {}): Promise<DiskBuffer> {
    const { kernel, clock, log, folder } = this;
    const buffer = new DiskBuffer({
      kernel,
      clock,
      log,
      folder,
      settings: { maxBytes: 2 ** 24, whenFull: 'block', fsync: 'always', ...settings },
      onLost: (holdings, reason) => this.lost.push({ ...summary(holdings), reason }),
    });
    this.#open.push(buffer);
    await buffer.open();
    return buffer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const buffer of this.#open) await buffer.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Stores one run of lines and makes it safe. */
  async store(buffer: DiskBuffer, ...lines: string[]): Promise<void> {
    const part = partOf(this.kernel, [{ lines }]);
    await buffer.append(part, null);
    await buffer.commit();
    this.kernel.slots.give(part.batch.slot);
  }
}

export function summary({ records, bySource }: Holdings): {
  records: number;
  sources: Record<string, number>;
} {
  return { records, sources: Object.fromEntries([...bySource].map(([id, amount]) => [id, amount.records])) };
}

/** Everything that can be read now, and done. */
export async function readAll(buffer: DiskBuffer, { done = true } = {}): Promise<string[]> {
  const lines: string[] = [];
  for (let stored = await buffer.next(); stored !== null; stored = await buffer.next()) {
    for (const { text } of stored.frame.entries()) lines.push(text.toString());
    if (!done) continue;
    buffer.release(holdingsOf(stored.frame.head));
    buffer.done(stored);
  }
  return lines;
}

/** How long anything may take before a test gives up, in milliseconds. */
const PATIENCE_MS = 20_000;

/** Asks at every turn of the event loop until the answer is true; throws what `describe` says when patience ends. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  describe: () => string = () => '',
): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`the condition never held; ${describe()}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
