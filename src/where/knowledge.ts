/** What `where` has to be told by the rest of the agent, which it knows nothing of. The agent passes it in. */

import type { SourceFile, SourceStatus } from '../component/source.ts';
import type { LedgerStatus, SinkStatus } from '../component/status.ts';

export type { SinkStatus };
export type SourceLedger = Pick<LedgerStatus, 'dropped'>;

export interface TailedFile {
  /** Configured source. */
  readonly source: string;
  readonly file: SourceFile;
}

/** A log as its trace tells of it. */
export interface TracedLog {
  readonly source: string;
  readonly sourceId: string;
  /** Position in the stream; undefined: not known. */
  readonly offset?: number;
  /** When it was read, in milliseconds since 1970. */
  readonly readAtMs: number;
  readonly outcome: 'delivered' | 'filtered' | 'buffered' | 'dead_lettered' | 'dropped';
}

export interface TraceKnowledge {
  /** Logs with this trace id, of those that are remembered. */
  byId(traceId: string): readonly TracedLog[];
  /** Trace id of the log of a stream at a position that was read between two points in time, if it is remembered. */
  at(sourceId: string, offset: number, fromMs: number, toMs: number): string | undefined;
}

export interface LetterKnowledge {
  /** Whether the letter in these bytes of a dead-letter file was sent again and taken. */
  wasSent(file: string, from: number, to: number): boolean;
  /** How many letters were deleted unsent to make room, in this run. */
  readonly evicted: number;
}

export interface Knowledge {
  files(): Iterable<TailedFile>;
  sourceState(source: string): SourceStatus['state'] | undefined;
  ledger(source: string): SourceLedger | undefined;
  sinkStatus(id: string): SinkStatus | undefined;
  readonly sources: () => readonly string[];
  readonly traces: TraceKnowledge;
  readonly letters: LetterKnowledge;
}
