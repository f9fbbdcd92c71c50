/** Which records get their trace id written into them. Called by the encoders. */

/** Offsets of `ContextRow`, whose rows have 32 bytes. */
const CONTEXT_SHIFT: u32 = 5;
const CONTEXT_PRESENT: usize = 25;

/** What `Kernel` writes of `StampOptions`. */
@unmanaged
export class Stamp {
  /** As it is stored. */
  prefix: u64;
  seed: u64;
  threshold: u64;
  /** Rows to stamp, u32 ascending, with one behind them that is above all rows; 0: all. */
  rows: usize;
  /** Address of the column; 0: not used. */
  contexts: usize;
  spanIds: u32;
  /** Where the next region is noted: u32 address, u32 length. */
  regions: usize;
}

/** Whether every record is stamped. */
export function stampsAll(stamp: Stamp): bool {
  return stamp.rows == 0;
}

/** The place in the list of rows of the first that is not before `row`, from `at` on. */
export function stampedFrom(at: usize, row: u32): usize {
  // Without a branch where rows are consecutive: which of them are stamped cannot be predicted.
  at += select<usize>(4, 0, load<u32>(at) < row);
  while (load<u32>(at) < row) at += 4;
  return at;
}

/** Whether `row`, whose place in the list is `at`, is stamped; where not all are. */
export function isStamped(at: usize, row: u32): bool {
  return load<u32>(at) == row;
}

/** Whether the record came with a context, whose trace id it keeps. */
export function hasContext(stamp: Stamp, row: u32): bool {
  return stamp.contexts != 0 && load<u8>(stamp.contexts + (row << CONTEXT_SHIFT), CONTEXT_PRESENT) != 0;
}

/** The 16 bytes of the trace id that came with a record. */
export function contextTraceId(stamp: Stamp, row: u32): v128 {
  return v128.load(stamp.contexts + (row << CONTEXT_SHIFT));
}
