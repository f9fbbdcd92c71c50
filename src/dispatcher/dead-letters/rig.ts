/** For tests: a store in a folder of its own, and deliveries of given bytes whose records may be refused. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordingLog, TestStream } from '../../../test/fixtures/pipeline.ts';
import { FakeClock } from '../../component/fake-clock.ts';
import { Kernel } from '../../kernel/kernel.ts';
import type { Delivery } from '../../record/delivery.ts';
import { BatchInFlight } from '../batch-in-flight.ts';
import type { Settlement } from '../settlement.ts';
import { type DeadLetter, decodeDeadLetter } from './dead-letter.ts';
import { DeadLetterStore } from './store.ts';

const MIB = 2 ** 20;
const LF = 0x0a;

export class Rig {
  readonly dir: string;
  readonly kernel = Kernel.create({ memoryBytes: MIB, slotBytes: 2 ** 14, slotRecords: 1000 });
  readonly clock = new FakeClock();
  readonly log = new RecordingLog();
  store: DeadLetterStore = undefined as never;

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async create(limits: { maxBytes?: number; maxFileBytes?: number } = {}): Promise<Rig> {
    const rig = new Rig(await mkdtemp(join(tmpdir(), 'dead-letters-')));
    await rig.restart(limits);
    return rig;
  }

  /** A new store finds what is on disk. */
  async restart({ maxBytes = MIB, maxFileBytes = MIB } = {}): Promise<void> {
    await this.store?.close();
    const { dir: stateDir, kernel, clock, log } = this;
    this.store = new DeadLetterStore({ stateDir, kernel, clock, log, maxBytes, maxFileBytes });
    await this.store.open();
  }

  /** A delivery of these records to `sink`, in a slot that stays taken until it is given back. */
  delivery(records: readonly Buffer[], sink = 'out', stream = new TestStream('app')): Delivery {
    const slot = this.kernel.slots.take()!;
    let at = 0;
    for (const [row, bytes] of records.entries()) {
      slot.bytes.set(bytes, at);
      slot.starts[row] = slot.address + at;
      slot.lengths[row] = bytes.length;
      slot.flags[row] = 0;
      at += bytes.length;
      slot.bytes[at++] = 0x0a;
    }
    const batch = new BatchInFlight(1, slot, 0);
    const count = records.length;
    batch.append({ slot, stream, bytes: at, count, readAt: 0, from: 100, position: 100 + at });
    const { segments } = batch;
    return { batch, sink, segments, records: count, bytes: at, attempts: [], accepted: 0 };
  }

  /** Writes all of these as dead letters. */
  async refuse(texts: readonly string[], sink = 'out', reason = 'bad'): Promise<void> {
    const delivery = this.delivery(
      texts.map((text) => Buffer.from(text)),
      sink,
    );
    await this.store.write(delivery, refused(texts.length, reason), 'no good');
    this.kernel.slots.give(delivery.batch.slot);
  }

  async files(): Promise<string[]> {
    return (await readdir(this.store.dir)).toSorted();
  }

  /** What lies on disk, whole lines only. */
  async letters(): Promise<DeadLetter[]> {
    const letters: DeadLetter[] = [];
    for (const name of await this.files()) {
      if (!name.endsWith('.jsonl')) continue;
      const bytes = await readFile(join(this.store.dir, name));
      for (let from = 0, lf = bytes.indexOf(LF); lf >= 0; from = lf + 1, lf = bytes.indexOf(LF, from)) {
        const letter = decodeDeadLetter(bytes.subarray(from, lf));
        if (letter !== undefined) letters.push(letter);
      }
    }
    return letters;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
    await rm(this.dir, { recursive: true, force: true });
  }
}

export function refused(
  rejected: number,
  reason = 'bad',
  indexes: readonly number[] | null = null,
): Settlement {
  return { rejected, indexes, reason, deadLettered: true };
}
