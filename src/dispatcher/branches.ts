/**
 * The lanes to all sinks, and what of the batches in flight is on each. Sinks come, are exchanged and go while logs
 * flow. It forms no batches and books no ends: the dispatcher does.
 */
import type { Clock } from '../component/clock.ts';
import type { Logger } from '../component/logger.ts';
import type { Sink } from '../component/sink.ts';
import type { SinkStatus } from '../component/status.ts';
import type { Delivery } from '../record/delivery.ts';
import type { RetryPolicy } from './backoff.ts';
import type { Lane } from './lane.ts';
import { Account } from './ledger.ts';
import { givenUp, type Settlement } from './settlement.ts';
import { type DeadLetters, SinkLane } from './sink-lane.ts';
import { within } from './within.ts';

/** A sink that is open, and the sources whose logs it takes. */
export interface SinkEntry {
  readonly id: string;
  readonly sink: Sink;
  readonly selects: (sourceId: string) => boolean;
}

/** A lane, and the deliveries that it has not settled. */
export interface Branch {
  readonly lane: Lane;
  readonly unsettled: Set<Delivery>;
}

export interface BranchesOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly retry: RetryPolicy;
  /** Absent: rejected records are dropped. */
  readonly deadLetters?: DeadLetters | undefined;
  readonly onAttempt: (delivery: Delivery, retryInMs?: number) => void;
  /** The delivery is not among the unsettled ones any more. */
  readonly onSettled: (lane: Lane, delivery: Delivery, settlement: Settlement) => void;
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

  /** Resolves when the old sink has no attempt under way. */
  replace({ id, sink, selects }: SinkEntry): Promise<void> {
    return this.#byId.get(id)!.lane.replaceSink(sink, selects);
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
    let rejected = 0;
    for (const delivery of branch.unsettled) {
      const settlement = await this.#keep(delivery, givenUp(delivery, 'sink_removed'));
      rejected += settlement.rejected;
      this.#settle(branch, delivery, settlement);
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
    return new SinkLane({ ...this.#options, ...entry, account, retry: this.#retry, onSettled });
  }

  async #keep(delivery: Delivery, settlement: Settlement): Promise<Settlement> {
    const { deadLetters, log } = this.#options;
    if (delivery.resent) return { ...settlement, deadLettered: true };
    if (deadLetters === undefined) return settlement;
    try {
      await deadLetters.write(delivery, settlement, 'the sink was removed before it had taken them');
      return { ...settlement, deadLettered: true };
    } catch (err) {
      log.error(
        { err, sink: delivery.sink },
        'dead letters cannot be written; records of a removed sink are dropped',
      );
      return settlement;
    }
  }

  #settle(branch: Branch, delivery: Delivery, settlement: Settlement): void {
    // A write that does not heed its signal may still end after its records were dropped.
    if (!branch.unsettled.delete(delivery)) return;
    this.#options.onSettled(branch.lane, delivery, settlement);
    if (branch.unsettled.size > 0) return;
    this.#waiters.get(branch)?.();
    this.#waiters.delete(branch);
  }
}
