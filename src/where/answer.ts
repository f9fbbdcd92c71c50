/** What is said about a line: the verdict and its proof. `GET /api/where` and `log-capturer where --json` show it as it is. */

export type Verdict =
  | 'delivered'
  | 'in_flight'
  | 'not_read_yet'
  | 'filtered'
  | 'dead_lettered'
  | 'dropped'
  | 'unknown';

/**
 * How the verdict was found. `seen`: this run of the agent saw the line pass. `committed`: every sink was done with it
 * before this run began; `forgotten`: the same in this run, and the details have made room for newer ones. `uncertain`:
 * what happened happened to some logs of its batch, and it is not known to which. The others say why nothing is known:
 * no source reads the file (`not_tailed`), it has no such line (`not_found`), its beginning was not to be read
 * (`skipped`), the file was given up (`not_read`), or nothing of that id is remembered (`no_trace`).
 */
export type Basis =
  | 'seen'
  | 'committed'
  | 'forgotten'
  | 'uncertain'
  | 'not_tailed'
  | 'not_found'
  | 'skipped'
  | 'not_read'
  | 'no_trace';

export interface SinkAnswer {
  readonly id: string;
  /** `buffered`: it went into the sink's disk buffer. */
  readonly state: 'delivered' | 'waiting' | 'sending' | 'retrying' | 'buffered' | 'dead_lettered' | 'dropped';
  /** When it was done with the line, in ISO 8601. */
  readonly at?: string;
  /** Milliseconds from reading until then, or until now. */
  readonly took_ms?: number;
  readonly attempts: number;
  /** Why it was refused, or why it has to wait. */
  readonly reason?: string;
  readonly message?: string;
  readonly next_try_in_seconds?: number;
}

export interface StageAnswer {
  readonly name: 'read' | 'queued' | 'processed' | 'done';
  /** When the stage was over, in ISO 8601. */
  readonly at: string;
  /** It was over between `at` and then: lines that went alike are remembered together. */
  readonly until?: string;
  /** Milliseconds since the stage before. */
  readonly took_ms?: number;
}

export interface DeadLetterPlace {
  readonly sink: string;
  /** Where the original bytes are kept. */
  readonly file: string;
  readonly line: number;
  readonly reason: string;
  readonly message: string;
  /** It was sent again, and its sink took it. */
  readonly sent_again?: true;
}

export interface LineAnswer {
  readonly verdict: Verdict;
  readonly basis: Basis;
  readonly explanation: string;
  /** Configured source, and stream (such as the path the file was found under). */
  readonly source?: string;
  readonly source_id?: string;
  /** Where the file is now, and what identifies it whatever its name (`device:inode`). */
  readonly file?: string;
  readonly file_id?: string;
  /** From 1. */
  readonly line?: number;
  /** Of its first byte. */
  readonly offset?: number;
  readonly record_uid?: string;
  readonly trace_id?: string;
  readonly batch?: number;
  readonly sinks: readonly SinkAnswer[];
  readonly stages: readonly StageAnswer[];
  /** Of a line that is not read yet: bytes before it, and seconds at the present rate. */
  readonly ahead?: { readonly bytes: number; readonly seconds?: number };
  readonly filtered_by?: string;
  readonly dead_letters?: readonly DeadLetterPlace[];
}

export interface WhereAnswer extends LineAnswer {
  /** Lines found that the question fits, this one included. */
  readonly matches: number;
  /** There are no more than these. */
  readonly complete: boolean;
  /** The other lines. */
  readonly others: readonly LineAnswer[];
}
