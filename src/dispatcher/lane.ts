import type { Sink } from '../component/sink.ts';
import type { SinkStatus } from '../component/status.ts';
import type { Delivery } from '../record/delivery.ts';
import type { Stream } from '../record/stream.ts';
import type { Amount } from './disk-buffer/holdings.ts';
import type { BufferSettings } from './disk-buffer/settings.ts';
import type { Account } from './ledger.ts';

/**
 * The way of deliveries to one sink, as the dispatcher sees it: what lies behind (a queue in memory, a buffer on disk)
 * is the lane's own matter. A lane never loses a delivery: it ends settled, or unacknowledged when the agent stops.
 */
export interface Lane {
  /** Id of the sink. */
  readonly id: string;
  /** Counts what the dispatcher gave to this sink and how it ended; the dispatcher books the ends. */
  readonly account: Account;
  /** Nothing is queued and nothing is being sent. */
  readonly idle: boolean;
  /** Whether logs of this source go here. */
  selects(sourceId: string): boolean;
  /** By source: records in its disk buffer that their source's ledger counts as in flight there. */
  readonly held: ReadonlyMap<string, Amount>;
  /** Takes what an earlier run left in its disk buffer. Called once the sink is open. @throws when that cannot be used. */
  open(): Promise<void>;
  /** Whether logs of this stream may go through a disk buffer; a delivery has only such ones or none. */
  stores(stream: Stream): boolean;
  /** Takes over a delivery. Never waits and never fails. */
  enqueue(delivery: Delivery): void;
  /** Ends a pause: what waits is tried once more at once. For the agent's last seconds. */
  hurry(): void;
  /** Gives up what is queued or being sent: it stays unacknowledged, so it is read again after a restart. Final. */
  abandon(): void;
  /**
   * After `abandon`: waits a moment for attempts that end of themselves; then what cannot be read again goes to the disk
   * buffer, if there is one, and is settled.
   */
  close(): Promise<void>;
  /** Resolves when no dead letters of the delivery are being written. */
  whenKept(delivery: Delivery): Promise<void>;
  /** After `close`, of a sink that was removed: what its disk buffer holds is counted as dropped. Returns how many records. */
  retire(): number;
  /** Another disk buffer, or none, from now on. */
  setBuffer(settings: BufferSettings | undefined): void;
  /** `now`: a reading of the monotonic clock. */
  status(now: number): SinkStatus;
  /**
   * From now on deliveries go to `sink`, which is open, also those that wait and those whose attempt fails.
   * Resolves when the old sink has no attempt under way any more, so that it can be closed.
   */
  replaceSink(sink: Sink, selects: (sourceId: string) => boolean): Promise<void>;
}
