import type { SourceStatus } from './source.ts';

/**
 * Where every record is: `read = delivered + filtered + dead_lettered + Σ dropped + in_flight`.
 * `in_flight` is counted on its own, so that the sum can be checked (`balanced`).
 * Of a sink, `read` is what the dispatcher gave to it. Of a source, a record counts once, by its worst end in any sink.
 */
export interface LedgerStatus {
  readonly read: number;
  readonly read_bytes: number;
  readonly delivered: number;
  readonly filtered: number;
  readonly dead_lettered: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly in_flight: number;
  readonly balanced: boolean;
}

export interface SinkStatus {
  /** `retrying`: the last attempt failed and another will follow. */
  readonly state: 'ok' | 'retrying' | 'stopped';
  /**
   * `closed`: logs are sent. `open`: the sink failed, and nothing is sent until a pause is over. `half_open`: one batch
   * tries, or the next will, whether the sink works again.
   */
  readonly breaker: {
    readonly state: 'closed' | 'open' | 'half_open';
    /** When it came into this state, in ISO 8601. */
    readonly since: string;
    /** How often it left `closed`. */
    readonly opened: number;
    /** Only when open. */
    readonly next_try_in_seconds?: number;
  };
  /** Batches waiting and batches being sent. */
  readonly queued_batches: number;
  readonly sending_batches: number;
  readonly attempts: number;
  readonly retries: number;
  readonly last_error?: { readonly message: string; readonly reason: string; readonly at: string };
  /** Seconds since the oldest batch that this sink has not finished was sealed; 0 when there is none. */
  readonly oldest_unacknowledged_seconds: number;
  readonly details?: Readonly<Record<string, number | string>>;
  readonly ledger: LedgerStatus;
}

export interface AgentStatus {
  readonly version: string;
  readonly state: 'starting' | 'running' | 'draining' | 'stopped';
  readonly started_at: string;
  readonly uptime_seconds: number;
  readonly config_file: string;
  readonly sources: readonly ({
    readonly id: string;
    readonly type: string;
    readonly ledger: LedgerStatus;
  } & SourceStatus)[];
  readonly sinks: readonly ({ readonly id: string; readonly type: string } & SinkStatus)[];
  readonly dispatcher: {
    readonly memory_bytes: number;
    readonly slots: number;
    readonly slots_free: number;
    readonly batches: number;
    readonly batches_in_flight: number;
    readonly records_in_flight: number;
    readonly bytes_in_flight: number;
    /** Records that left the dispatcher: acknowledged by every sink, filtered, dead-lettered or dropped; and their bytes. */
    readonly records_done: number;
    readonly bytes_done: number;
  };
}
