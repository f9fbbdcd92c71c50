import type { Sink } from '../component/sink.ts';
import type { SinkStatus } from '../component/status.ts';
import type { Delivery } from '../record/delivery.ts';
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
  /** Takes over a delivery. Never waits and never fails. */
  enqueue(delivery: Delivery): void;
  /** Ends a pause: what waits is tried once more at once. For the agent's last seconds. */
  hurry(): void;
  /** Gives up what is queued or being sent: it stays unacknowledged, so it is read again after a restart. Final. */
  abandon(): void;
  /** `now`: a reading of the monotonic clock. */
  status(now: number): SinkStatus;
  /**
   * From now on deliveries go to `sink`, which is open, also those that wait and those whose attempt fails.
   * Resolves when the old sink has no attempt under way any more, so that it can be closed.
   */
  replaceSink(sink: Sink, selects: (sourceId: string) => boolean): Promise<void>;
}
