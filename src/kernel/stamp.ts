/** Brings what is to be stamped into kernel memory, where assembly/stamp.ts reads it. Called by the kernel's encoders. */

import type { StampOptions } from './options.ts';
import type { Slot } from './slot.ts';

/** Behind the last row to stamp. */
const ABOVE_ALL = 0xffffffff;
/** Offset of `Stamp.regions` in words. */
const REGIONS = 9;

/**
 * @param words the whole memory.
 * @param at address of the `Stamp`.
 * @param rowList where the list of rows goes, and one more.
 * @param regions address of the next region to note.
 */
export function putStamp(
  words: Uint32Array,
  at: number,
  { rows, prefix, seed, threshold, hasContexts, spanIds }: StampOptions,
  slot: Slot,
  rowList: Uint32Array,
  regions: number,
): void {
  const stamp = at >> 2;
  const big = Buffer.from(words.buffer, at, 24);
  big.writeBigUInt64BE(prefix, 0);
  big.writeBigUInt64LE(seed, 8);
  big.writeBigUInt64LE(threshold, 16);
  if (rows !== null) {
    rowList.set(rows);
    rowList[rows.length] = ABOVE_ALL;
  }
  words[stamp + 6] = rows === null ? 0 : rowList.byteOffset;
  words[stamp + 7] = hasContexts ? slot.contexts.byteOffset : 0;
  words[stamp + 8] = spanIds ? 1 : 0;
  words[stamp + REGIONS] = regions;
}

/** Address behind the regions noted since. */
export function regionsEnd(words: Uint32Array, at: number): number {
  return words[(at >> 2) + REGIONS]!;
}
