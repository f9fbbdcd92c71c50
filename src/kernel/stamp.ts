/** Brings what is to be stamped into kernel memory, where assembly/stamp.ts reads it. Called by the kernel's encoders. */

import type { StampOptions } from './options.ts';
import type { Slot } from './slot.ts';

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
