/**
 * Which rows of a segment an expression holds for. A text that is looked for is searched in the whole segment at once,
 * and its places are mapped to rows; everything else is asked row by row, and of the rows only that are still in
 * question. No strings are made but for patterns, no fields are parsed twice for a row.
 */
import type { Batch, Fields } from '../../record/batch.ts';
import type { Segment } from '../../record/segment.ts';
import { holdsFor } from './conditions.ts';
import type { Expression } from './parse.ts';

/** What an expression is asked about. */
export interface Place {
  readonly batch: Batch;
  readonly segment: Segment;
  /** Kernel memory. */
  readonly bytes: Buffer;
}

/** Selects those of the rows, which are ascending, for which the expression holds; they stay ascending. */
export type Selector = (place: Place, rows: Uint32Array) => Uint32Array;

const NONE: Uint32Array = new Uint32Array(0);
/** With fewer than one row in so many left, each is searched on its own. */
const SPARSE = 8;

export function selectorOf(expression: Expression): Selector {
  if (!searchesText(expression)) return byRow(expression);
  switch (expression.kind) {
    case 'text_contains':
      return containing(Buffer.from(expression.text));
    case 'not': {
      const select = selectorOf(expression.part);
      return (place, rows) => without(rows, select(place, rows));
    }
    case 'and': {
      const selectors = partsOf(expression.kind, expression.parts);
      return (place, rows) =>
        selectors.reduce((left, select) => (left.length === 0 ? left : select(place, left)), rows);
    }
    case 'or': {
      const selectors = partsOf(expression.kind, expression.parts);
      return (place, rows) => {
        let left = rows;
        let found = NONE;
        for (const select of selectors) {
          if (left.length === 0) break;
          const more = select(place, left);
          if (more.length === 0) continue;
          left = without(left, more);
          found = union(found, more);
        }
        return found;
      };
    }
    default:
      return byRow(expression);
  }
}

/** Parts next to each other that are asked row by row are asked together, so that a row's fields are parsed once. */
function partsOf(kind: 'and' | 'or', parts: readonly Expression[]): Selector[] {
  const selectors: Selector[] = [];
  let together: Expression[] = [];
  const flush = () => {
    if (together.length > 0)
      selectors.push(byRow(together.length === 1 ? together[0]! : { kind, parts: together }));
    together = [];
  };
  for (const part of parts) {
    if (!searchesText(part)) {
      together.push(part);
      continue;
    }
    flush();
    selectors.push(selectorOf(part));
  }
  flush();
  return selectors;
}

function searchesText(expression: Expression): boolean {
  if (expression.kind === 'text_contains') return true;
  if (expression.kind === 'not') return searchesText(expression.part);
  return (expression.kind === 'and' || expression.kind === 'or') && expression.parts.some(searchesText);
}

function byRow(expression: Expression): Selector {
  const holds = holdsFor(expression);
  return (place, rows) => {
    const { batch } = place;
    const found = new Uint32Array(rows.length);
    let count = 0;
    let row = -1;
    let parsed: Fields | undefined;
    const fields = (of: number) => {
      if (of !== row) {
        row = of;
        parsed = batch.fields?.at(of);
      }
      return parsed;
    };
    for (const candidate of rows) if (holds(place, candidate, fields)) found[count++] = candidate;
    return found.subarray(0, count);
  };
}

function containing(needle: Buffer): Selector {
  return (place, rows) => {
    const { segment } = place;
    // Records that a processor replaced lie elsewhere.
    return segment.rewritten || rows.length * SPARSE < segment.count
      ? containingOneByOne(needle, place, rows)
      : containingAtOnce(needle, place, rows);
  };
}

function containingOneByOne(needle: Buffer, { batch, bytes }: Place, rows: Uint32Array): Uint32Array {
  const { starts, lengths } = batch.slot;
  return rows.filter((row) => bytes.subarray(starts[row]!, starts[row]! + lengths[row]!).includes(needle));
}

function containingAtOnce(needle: Buffer, { batch, segment, bytes }: Place, rows: Uint32Array): Uint32Array {
  const { starts, lengths } = batch.slot;
  const { address } = segment;
  const text = bytes.subarray(address, address + segment.bytes);
  const found = new Uint32Array(rows.length);
  let count = 0;
  let next = 0;
  let hit = text.indexOf(needle);
  while (hit >= 0) {
    const at = address + hit;
    while (next < rows.length && starts[rows[next]!]! + lengths[rows[next]!]! < at + needle.length) next++;
    if (next === rows.length) break;
    const row = rows[next]!;
    const inside = at >= starts[row]!;
    if (inside) {
      found[count++] = row;
      next++;
    }
    // Behind this record, or at the beginning of the next one in question.
    const from = inside ? starts[row]! + lengths[row]! - address : Math.max(hit + 1, starts[row]! - address);
    hit = text.indexOf(needle, from);
  }
  return found.subarray(0, count);
}

/** Those of the rows that are not among `others`, which is a part of them. */
export function without(rows: Uint32Array, others: Uint32Array): Uint32Array {
  if (others.length === 0) return rows;
  const left = new Uint32Array(rows.length - others.length);
  let count = 0;
  let next = 0;
  for (const row of rows) {
    if (others[next] === row) next++;
    else left[count++] = row;
  }
  return left;
}

/** Of two ascending lists that have no row in common. */
function union(a: Uint32Array, b: Uint32Array): Uint32Array {
  if (a.length === 0) return b;
  const all = new Uint32Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all.sort();
}
