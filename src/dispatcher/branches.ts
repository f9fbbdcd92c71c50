/**
 * The lanes to all sinks, and what of the batches in flight is on each. Sinks come, are exchanged and go while logs
 * flow. It forms no batches and books no ends: the dispatcher does.
 */
import { join } from 'node:path';
import type { Clock } from '../component/clock.ts';
import type { Logger } from '../component/logger.ts';
import type { Sink } from '../component/sink.ts';
import type { SinkStatus } from '../component/status.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Delivery } from '../record/delivery.ts';
import type { Stream } from '../record/stream.ts';
import type { RetryPolicy } from './backoff.ts';
import { BufferedLane } from './buffered-lane.ts';
import type { Amount } from './disk-buffer/holdings.ts';
import type { BufferSettings } from './disk-buffer/settings.ts';
import type { Lane } from './lane.ts';
import { Account, type Ends } from './ledger.ts';
import { givenUp, type Settlement } from './settlement.ts';
import type { DeadLetters } from './sink-lane.ts';
import type { SlotReaders } from './slot-readers.ts';
import { within } from './within.ts';

/** A sink that is open, and the sources whose logs it takes. */
export interface SinkEntry {
  readonly id: string;
  readonly sink: Sink;
  readonly selects: (sourceId: string) => boolean;
  /** Its buffer on disk; absent: it has none. */
  readonly buffer?: BufferSettings | undefined;
}

/** A lane, and the deliveries that it has not settled. */
export interface Branch {
  readonly lane: Lane;
  readonly unsettled: Set<Delivery>;
}

/** Where disk buffers are, and what they are for. */
export interface BufferPlace {
  /** Each sink has a folder of its own below it. */
  readonly folder: string;
  /** Whether logs of the stream cannot be read again, so that they may go through disk buffers. */
  readonly isLostOnceRead: (stream: Stream) => boolean;
}

export interface BranchesOptions {
  readonly kernel: Kernel;
  /** Absent: no sink has a buffer on disk. */
  readonly buffers?: BufferPlace | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly readers: SlotReaders;
  readonly retry: RetryPolicy;
  /** Absent: rejected records are dropped. */
  readonly deadLetters?: DeadLetters | undefined;
  readonly onAttempt: (delivery: Delivery, retryInMs?: number) => void;
  /** The delivery is not among the unsettled ones any more. */
  readonly onSettled: (lane: Lane, delivery: Delivery, settlement: Settlement) => void;
  /** Logs of a source that an earlier run left in a disk buffer; and logs from one that have reached their end. */
  readonly onRecovered: (source: string, amount: Amount) => void;
  readonly onReleased: (source: string, ends: Ends, bytes: number) => void;
  readonly onReplayed: (delivery: Delivery, ends: Ends) => void;
}

export class Branches {
  readonly #options: BranchesOptions;
  /** In the order of the configuration. */
  readonly #byId = new Map<string, Branch>();
  /** Of sinks that were removed, until they have drained. */
  readonly #leaving = new Set<Branch>();
  /** By id, also of sinks that were removed: counters never go back. */
  readonly #accounts = new Map<string, Account>();
  readonly #retry: RetryPolicy;
  /** Those who wait until a branch has nothing unsettled. */
  readonly #waiters = new Map<Branch, () => void>();

  constructor(options: BranchesOptions) {
    this.#options = options;
    this.#retry = { ...options.retry };
  }

  /** Those that take new deliveries. */
  get current(): Iterable<Branch> {
    return this.#byId.values();
  }

  get(id: string): Branch | undefined {
    return this.#byId.get(id);
  }

  /** From the next failure on. */
  setRetry(retry: RetryPolicy): void {
    Object.assign(this.#retry, retry);
  }

  add(entry: SinkEntry): void {
    const account = this.#accounts.get(entry.id) ?? new Account();
    this.#accounts.set(entry.id, account);
    const branch: Branch = {
      lane: this.#laneTo(entry, account, (delivery, settlement) =>
        this.#settle(branch, delivery, settlement),
      ),
      unsettled: new Set(),
    };
    this.#byId.set(entry.id, branch);
  }

  /** Takes what earlier runs left in disk buffers. @throws when one cannot be used. */
  async open(): Promise<void> {
    for (const { lane } of this.#byId.values()) await lane.open();
  }

  /** As `add`, while logs flow: the disk buffer is opened by the way. */
  join(entry: SinkEntry): void {
    this.add(entry);
    this.#byId
      .get(entry.id)!
      .lane.open()
      .catch((err: unknown) => {
        this.#options.log.error(
          { err, sink: entry.id },
          'the disk buffer cannot be opened; logs wait in memory',
        );
      });
  }

  /** Resolves when the old sink has no attempt under way. */
  replace({ id, sink, selects, buffer }: SinkEntry): Promise<void> {
    const { lane } = this.#byId.get(id)!;
    lane.setBuffer(buffer);
    return lane.replaceSink(sink, selects);
  }

  /**
   * Takes no more deliveries to the sink, and gives it until the deadline, or until `signal` is aborted, to deliver what
   * it has; the rest becomes dead letters, or is dropped where they cannot be kept.
   * @returns how many records were not delivered.
   */
  async remove(id: string, deadlineMs: number, signal?: AbortSignal): Promise<number> {
    const branch = this.#byId.get(id)!;
    this.#byId.delete(id);
    this.#leaving.add(branch);
    branch.lane.hurry();
    if (branch.unsettled.size > 0) {
      const settled = new Promise<void>((resolve) => this.#waiters.set(branch, resolve));
      await within(this.#options.clock, deadlineMs, settled, signal);
    }
    branch.lane.abandon();
    await branch.lane.close();
    let rejected = branch.lane.retire();
    for (const delivery of branch.unsettled) {
      await branch.lane.whenKept(delivery);
      if (!branch.unsettled.has(delivery)) continue;
      const settlement = await this.#keep(delivery, givenUp(delivery, 'sink_removed'));
      if (this.#settle(branch, delivery, settlement)) rejected += settlement.rejected;
    }
    this.#leaving.delete(branch);
    return rejected;
  }

  /** Ends all pauses. */
  hurry(): void {
    for (const { lane } of this.#all()) lane.hurry();
  }

  /** Gives up what is not settled: it is read again after a restart. */
  abandon(): void {
    for (const { lane } of this.#all()) lane.abandon();
  }

  /** After `abandon`: what disk buffers can take is stored and settled. */
  async close(): Promise<void> {
    await Promise.all(this.#all().map(({ lane }) => lane.close()));
  }

  /** Records in disk buffers that the ledger of their source waits for, by source. */
  held(): Map<string, number> {
    const held = new Map<string, number>();
    for (const { lane } of this.#all()) {
      for (const [source, { records }] of lane.held) held.set(source, (held.get(source) ?? 0) + records);
    }
    return held;
  }

  /** Of each sink, of removed ones until they have drained. */
  status(now: number): Map<string, SinkStatus> {
    return new Map(this.#all().map(({ lane }) => [lane.id, lane.status(now)]));
  }

  /** A sink that was removed and has come back counts as the one that came back. */
  #all(): Branch[] {
    return [...this.#leaving, ...this.#byId.values()];
  }

  #laneTo(
    entry: SinkEntry,
    account: Account,
    onSettled: (delivery: Delivery, settlement: Settlement) => void,
  ): Lane {
    const { buffers } = this.#options;
    return new BufferedLane({
      ...this.#options,
      ...entry,
      account,
      retry: this.#retry,
      onSettled,
      ...(buffers && { folder: join(buffers.folder, entry.id), isLostOnceRead: buffers.isLostOnceRead }),
    });
  }

  async #keep(delivery: Delivery, settlement: Settlement): Promise<Settlement> {
    const { deadLetters, log, readers } = this.#options;
    if (delivery.resent) return { ...settlement, deadLettered: true };
    if (deadLetters === undefined) return settlement;
    try {
      const message = 'the sink was removed before it had taken them';
      await readers.during(delivery.batch.slot, () => deadLetters.write(delivery, settlement, message));
      return { ...settlement, deadLettered: true };
    } catch (err) {
      log.error(
        { err, sink: delivery.sink },
        'dead letters cannot be written; records of a removed sink are dropped',
      );
      return settlement;
    }
  }

  /** False when it was settled before: a write that does not heed its signal may end after its records were dropped. */
  #settle(branch: Branch, delivery: Delivery, settlement: Settlement): boolean {
    if (!branch.unsettled.delete(delivery)) return false;
    this.#options.onSettled(branch.lane, delivery, settlement);
    if (branch.unsettled.size === 0) {
      this.#waiters.get(branch)?.();
      this.#waiters.delete(branch);
    }
    return true;
  }
}
