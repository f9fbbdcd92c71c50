/** Brings what is to be stamped into kernel memory, where assembly/stamp.ts reads it. Called by the kernel's encoders. */

import type { Slot } from './slot.ts';

/** Which records of a selection get their trace id written into them, and what the ids are. */
export interface StampOptions {
  /** Rows to stamp, ascending; null: all. Rows outside the selection do no harm. */
  readonly rows: Uint32Array | null;
  /** What ids are drawn from, as in `Traced` (record/traced.ts). */
  readonly seed: bigint;
  readonly threshold: bigint;
  /** Whether the slot's `contexts` column is filled: a record that came with a context keeps that trace id. */
  readonly hasContexts: boolean;
  /** Writes the root's span id as well. */
  readonly spanIds: boolean;
}

/**
 * Where the ids of the body being written lie. `lokiStream` appends to it, `snappy` emits those bytes as they are.
 * Shared: set `count` to 0 before the first stream of a body; valid only until the caller's next `await`.
 */
export interface IdRegions {
  count: number;
  /** Regions of a stamped record. */
  perRecord: 1 | 2;
}

/** Offset of `Stamp.regions` in words. */
const REGIONS = 8;

/**
 * @param words the whole memory.
 * @param at address of the `Stamp`.
 * @param rowList where the list of rows goes.
 * @param regions address of the next region to note.
 */
export function putStamp(
  words: Uint32Array,
  at: number,
  { rows, seed, threshold, hasContexts, spanIds }: StampOptions,
  slot: Slot,
  rowList: Uint32Array,
  regions: number,
): void {
  const stamp = at >> 2;
  words[stamp] = Number(seed & 0xffffffffn);
  words[stamp + 1] = Number(seed >> 32n);
  words[stamp + 2] = Number(threshold & 0xffffffffn);
  words[stamp + 3] = Number(threshold >> 32n);
  if (rows !== null) rowList.set(rows);
  words[stamp + 4] = rows === null ? 0 : rowList.byteOffset;
  words[stamp + 5] = rows === null ? 0 : rowList.byteOffset + rows.byteLength;
  words[stamp + 6] = hasContexts ? slot.contexts.byteOffset : 0;
  words[stamp + 7] = spanIds ? 1 : 0;
  words[stamp + REGIONS] = regions;
}

/** Address behind the regions noted since. */
export function regionsEnd(words: Uint32Array, at: number): number {
  return words[(at >> 2) + REGIONS]!;
}
