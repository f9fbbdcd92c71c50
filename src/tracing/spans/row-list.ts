/** Some rows of a batch, and how they are divided. Used while log spans are written. */
import type { Batch } from '../../record/batch.ts';
import { ContextRow } from '../../record/traced.ts';
import type { Contexts } from '../decision/context-reader.ts';

/** Some rows of a batch, ascending. */
export interface RowList {
  /** Of consecutive rows the first; else that of their segment. */
  readonly first: number;
  readonly count: number;
  /** Null: consecutive ones. */
  readonly rows: Uint32Array | null;
}

export function partOf({ first, rows }: RowList, done: number, count: number): RowList {
  return rows === null
    ? { first: first + done, count, rows: null }
    : { first, count, rows: rows.subarray(done, done + count) };
}

/** Whether the log in this row came with a context; only of rows whose contexts were read. */
export function hasContext({ slot }: Batch, row: number): boolean {
  return slot.contexts[row * ContextRow.size + ContextRow.present] !== 0;
}

/** Rows without a context, and rows with one; null: there are none. @param contexts which have one; `some`: maybe none. */
export function divideByContext(
  batch: Batch,
  list: RowList,
  contexts: Contexts,
): [RowList | null, RowList | null] {
  if (contexts === 'none') return [list, null];
  if (contexts === 'all') return [null, list];
  const { first, count } = list;
  const own = new Uint32Array(count);
  const joined = new Uint32Array(count);
  let owns = 0;
  for (let i = 0; i < count; i++) {
    const row = list.rows === null ? first + i : list.rows[i]!;
    if (hasContext(batch, row)) joined[i - owns] = row;
    else own[owns++] = row;
  }
  if (owns === count) return [list, null];
  if (owns === 0) return [null, list];
  return [
    { first, count: owns, rows: own.subarray(0, owns) },
    { first, count: count - owns, rows: joined.subarray(0, count - owns) },
  ];
}
