import type { Slot } from '../kernel/slot.ts';
import type { Stream } from './stream.ts';

/**
 * What a source hands to the dispatcher: a slot whose first `bytes` bytes hold `count` whole records of one
 * stream, with their line terminators behind them. The slot belongs to the dispatcher from then on.
 */
export interface Chunk {
  readonly slot: Slot;
  readonly stream: Stream;
  /** Bytes in use, counted from the slot's first byte. */
  readonly bytes: number;
  readonly count: number;
  /** When the bytes were read: monotonic milliseconds of the `Clock`. */
  readonly readAt: number;
  /** Position in the stream of the first byte. */
  readonly from: number;
  /** Position in the stream behind the last byte: what to commit once all records are delivered. */
  readonly position: number;
  /** The source filled the slot's `contexts` column for every record. */
  readonly hasContexts?: boolean;
}
