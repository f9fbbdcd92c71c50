/**
 * What a frame holds: records of some segments of one batch, with everything a sink may ask for. First a u32 and so many
 * bytes of JSON (`FrameHead`), then columns of one entry a record: lengths of texts (u32), flags (u8), and, where the head
 * says so, severities (u8), timestamps (u64), contexts (32 bytes), lengths of fields (u32); then the fields as JSON, then
 * the texts, each without a terminator.
 */
import { ContextRow } from '../../kernel/context-row.ts';
import type { Stamp } from '../../record/traced.ts';

/** As `Stream` in record/stream.ts. */
export interface StreamHead {
  readonly source: string;
  readonly id: string;
  readonly type: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly path?: string;
}

/** Which of a run's records are traced, and how to draw their ids again (record/traced.ts). */
export interface TracedHead {
  /** Row of the run's first record in the batch it came from, and what ids are made of as hexadecimal digits. */
  readonly row: number;
  /** Absent in frames of builds before ids had one: their ids cannot be drawn again. */
  readonly prefix?: string;
  readonly seed: string;
  readonly threshold: string;
  readonly stamp: Stamp;
  readonly contexts: boolean;
  /** Rows of the records, counted from the first; absent: they lay next to each other. */
  readonly rows?: readonly number[];
  /** Which of the run's records, by their place in it; absent: all. */
  readonly records?: readonly number[];
}

/** Records of one stream that were read at once. */
export interface RunHead {
  /** Index in `streams`. */
  readonly stream: number;
  readonly records: number;
  /** Bytes as read, with those of terminators and of records that were filtered. */
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly read_at: number;
  /** Position in the stream of the first byte. */
  readonly from: number;
  /** Whether the ledger of the source waits for this buffer; else for that of another sink. */
  readonly counts: boolean;
  readonly traced?: TracedHead;
}

export interface FrameHead {
  readonly streams: readonly StreamHead[];
  readonly runs: readonly RunHead[];
  /** Milliseconds since 1970 at which the batch was sealed. */
  readonly sealed_at: number;
  /** Columns that follow, besides lengths and flags. */
  readonly columns: {
    readonly severities?: true;
    readonly timestamps?: true;
    readonly contexts?: true;
    readonly fields?: true;
  };
}

/** Where the columns of a payload lie. */
export interface Columns {
  readonly lengths: number;
  readonly flags: number;
  readonly severities: number;
  readonly timestamps: number;
  readonly contexts: number;
  readonly fieldLengths: number;
  /** Behind all columns. */
  readonly end: number;
}

export function layOutColumns(at: number, records: number, { columns }: Pick<FrameHead, 'columns'>): Columns {
  const lengths = at;
  const flags = lengths + 4 * records;
  const severities = flags + records;
  const timestamps = severities + (columns.severities ? records : 0);
  const contexts = timestamps + (columns.timestamps ? 8 * records : 0);
  const fieldLengths = contexts + (columns.contexts ? ContextRow.size * records : 0);
  const end = fieldLengths + (columns.fields ? 4 * records : 0);
  return { lengths, flags, severities, timestamps, contexts, fieldLengths, end };
}
