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
  /** Of a source: those in flight that are in disk buffers of sinks; absent: none. */
  readonly buffered?: number;
  readonly balanced: boolean;
}

/** A sink's buffer on disk. */
export interface BufferStatus {
  /** Of its files. */
  readonly bytes: number;
  readonly max_bytes: number;
  readonly files: number;
  /** Records in it, or read back and not delivered yet. */
  readonly records: number;
  /** Since the oldest of them was read; 0 when there is none. */
  readonly oldest_seconds: number;
  /** Logs wait in memory because there is no room. */
  readonly full: boolean;
  /** Damage found in its files since the start; `damaged_records` counts those that are known. */
  readonly damaged_places: number;
  readonly damaged_bytes: number;
  readonly damaged_records: number;
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
  /** Only of sinks that have one. */
  readonly buffer?: BufferStatus;
  readonly ledger: LedgerStatus;
}

/** One thing that a reload found changed. */
export interface ConfigChange {
  /** Key in the configuration; entries of lists by their id: `sources.nginx`, `tracing.mode`. */
  readonly path: string;
  /** `restart_required`: the old value holds until the agent is started anew. */
  readonly action: 'added' | 'removed' | 'replaced' | 'updated' | 'restart_required';
}

/** How a reload of the configuration went. */
export interface ReloadResult {
  /** `unchanged`: nothing to apply. `refused`: everything is as it was. */
  readonly result: 'applied' | 'unchanged' | 'refused';
  readonly trigger: 'api' | 'signal' | 'watch';
  /** When it was over, in ISO 8601. */
  readonly at: string;
  readonly changes: readonly ConfigChange[];
  /** Why it was refused: `FILE:LINE:COLUMN: key: message` where that is known. */
  readonly problems?: readonly string[];
  readonly took_ms: number;
}

/** The configuration that runs. */
export interface ConfigStatus {
  readonly file: string;
  /** When it was read, in ISO 8601. */
  readonly loaded_at: string;
  readonly last_reload?: ReloadResult;
  readonly reloads: Readonly<Record<ReloadResult['result'], number>>;
}

/** What sinks refused and is kept. Counts of records are those of this run, but for `records`. */
export interface DeadLettersStatus {
  /** `false`: what sinks refuse is dropped; letters of earlier runs can be sent all the same. */
  readonly enabled: boolean;
  /** Those that were not sent again yet, of earlier runs too. */
  readonly records: number;
  readonly by_sink: Readonly<Record<string, number>>;
  readonly bytes: number;
  readonly max_bytes: number;
  readonly files: number;
  readonly written: number;
  /** Deleted unsent, to make room. */
  readonly evicted: number;
  /** Sending them again: the run under way, or the last one. */
  readonly replay?: ReplayStatus;
}

/** Sending dead letters again: the run under way, or the last one. */
export interface ReplayStatus {
  /** `cancelling`: what is under way is waited for. */
  readonly state: 'running' | 'cancelling' | 'cancelled' | 'done' | 'failed';
  /** Which letters, and to which sink; what is absent does not restrict. */
  readonly request: {
    readonly sink?: string | undefined;
    readonly source?: string | undefined;
    readonly reason?: string | undefined;
    readonly to?: string | undefined;
  };
  readonly started_at: string;
  readonly finished_at?: string;
  /** Only when it failed. */
  readonly error?: string;
  /** Letters: taken by the sink; refused once more; damaged, or larger than a batch. */
  readonly sent: number;
  readonly refused: number;
  readonly left_aside: number;
  /** Of the files looked through, for a progress bar. */
  readonly bytes_done: number;
  readonly bytes_total: number;
}

/** A processor of a source. */
export interface ProcessorStatus {
  readonly type: string;
  /** Tells it from others of its type, where it says so. */
  readonly label?: string;
  /** Counters of this type of processor, by snake_case name. */
  readonly details?: Readonly<Record<string, number>>;
}

export interface AgentStatus {
  readonly version: string;
  readonly state: 'starting' | 'running' | 'draining' | 'stopped';
  readonly started_at: string;
  readonly uptime_seconds: number;
  readonly config_file: string;
  readonly config: ConfigStatus;
  readonly sources: readonly ({
    readonly id: string;
    readonly type: string;
    readonly ledger: LedgerStatus;
    /** In the order in which they work. */
    readonly processors: readonly ProcessorStatus[];
  } & SourceStatus)[];
  readonly sinks: readonly ({ readonly id: string; readonly type: string } & SinkStatus)[];
  readonly dead_letters: DeadLettersStatus;
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
