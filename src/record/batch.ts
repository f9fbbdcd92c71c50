import type { Slot } from '../kernel/slot.ts';
import type { Delivery } from './delivery.ts';
import type { Segment } from './segment.ts';

/** Fields a processor parsed out of a record. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * Where a batch's parsed fields are; an array is one. What stands behind it may parse the record at each call instead
 * of keeping objects for every batch in flight: ask once a record, and only for records whose fields are needed.
 */
export interface FieldsByRecord {
  /** Fields of the record in this row; undefined where there are none. */
  at(row: number): Fields | undefined;
}

/** Severity numbers of OpenTelemetry's log data model: the first of each range of four; 0 is unknown. */
export const Severity = { unknown: 0, trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 } as const;

/**
 * The unit of flow: bytes and columns in a slot, and segments that say where they came from.
 * What only some records have (fields, severities, timestamps) exists only where a processor or a source made it.
 */
export interface Batch {
  /** Counts up from 1 within a run of the agent. */
  readonly id: number;
  readonly slot: Slot;
  readonly segments: Segment[];
  /** What of it goes to each sink; none until processors are done. */
  readonly deliveries?: readonly Delivery[];
  /** Records and bytes in use. */
  count: number;
  bytes: number;
  /** Parsed fields, by record; null: nothing was parsed. */
  fields: FieldsByRecord | null;
  /** Whether the slot's columns of that name are filled for every record. */
  hasSeverities: boolean;
  hasTimestamps: boolean;
  /** Whether the slot's `contexts` column (W3C trace contexts that came with logs) is filled for every record. */
  hasContexts: boolean;
  /** Monotonic milliseconds of the `Clock`: first chunk accepted, sealed, processors done (0: not yet). */
  readonly openedAt: number;
  sealedAt: number;
  processedAt: number;
}
