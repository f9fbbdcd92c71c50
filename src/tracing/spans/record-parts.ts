/**
 * Divides a template by what its bytes are from log to log: the same (`constant`), of this log alone (`new`), or something
 * that stands before in the same log (`repeated`). Used by deflated-template.ts, once a template.
 */
import { PATCH_WIDTHS, PatchKind, type SpanPatch } from '../../kernel/span-template.ts';
import type { Template } from './span-template.ts';

/** Bytes of the record: from `from` (inclusive) to `to` (exclusive). Parts follow one another without a gap. */
export type Part =
  | { readonly kind: 'constant' | 'new'; readonly from: number; readonly to: number }
  | { readonly kind: 'repeated'; readonly from: number; readonly to: number; readonly distance: number };

/** Something that differs between logs. */
export interface Value {
  readonly kind: SpanPatch['kind'];
  /** Where it stands first, as a whole. */
  readonly at: number;
  /** Of each of its bytes, every place where the record has it. */
  readonly places: readonly (readonly number[])[];
}

export interface RecordParts {
  readonly parts: readonly Part[];
  readonly values: readonly Value[];
  /** Those that write what is new. */
  readonly patches: readonly SpanPatch[];
  /** Where the upper half of the position stands, of which the lower half alone is new; -1: nowhere. */
  readonly sharedAt: number;
}

/** Up to here repeating what is constant between two new parts costs less than ending a block and beginning the next. */
const MAX_BETWEEN = 9;
/** What is filled for each run has this many bytes at most. */
const CELL = 8;
/** The first byte of a child's id is its number, the others are the first ones of its root's (kernel/trace-ids.ts). */
const CHILD_HEAD = 1;

/** @throws RangeError when positions are patched in two places, or the id of a child before any of its root. */
export function partsOf(template: Template): RecordParts {
  const values = new Map<SpanPatch['kind'], { kind: SpanPatch['kind']; at: number; places: number[][] }>();
  const varying: Exclude<Part, { kind: 'constant' }>[] = [];
  const patches: SpanPatch[] = [];
  let sharedAt = -1;
  for (const patch of template.patches.toSorted((a, b) => a.at - b.at)) {
    // Without a blob the root's length is constant.
    if (patch.kind === PatchKind.rootLength) continue;
    const isChild = patch.kind === PatchKind.spanId && patch.argument > 0;
    const from = patch.at + (isChild ? CHILD_HEAD : 0);
    const kind = kindOf(patch);
    const to = patch.at + PATCH_WIDTHS[kind];
    if (kind === PatchKind.offsetLow) {
      if (sharedAt !== -1) throw new RangeError('a template says the position of a log twice');
      sharedAt = to;
    }
    let value = values.get(kind);
    if (value === undefined) {
      value = { kind, at: -1, places: Array.from({ length: PATCH_WIDTHS[kind] }, () => []) };
      values.set(kind, value);
    }
    for (let at = from; at < to; at++) value.places[at - from]!.push(at);
    if (value.at === -1) {
      if (isChild) throw new RangeError('a template has the id of a child before any of its root');
      varying.push({ kind: 'new', from, to });
      patches.push({ ...patch, kind });
      value.at = from;
    } else varying.push({ kind: 'repeated', from, to, distance: from - value.at });
  }
  return {
    parts: withConstants(template, varying, sharedAt),
    values: [...values.values()],
    patches,
    sharedAt,
  };
}

/** What a patch writes of a log, compressed: of its position less. */
function kindOf({ kind }: SpanPatch): SpanPatch['kind'] {
  return kind === PatchKind.offset ? PatchKind.offsetLow : kind;
}

/** Adds what lies between; new parts that are close to one another become one. */
function withConstants(
  { gaps, bytes }: Template,
  varying: readonly Exclude<Part, { kind: 'constant' }>[],
  sharedAt: number,
): Part[] {
  const filled = [...gaps.filter((_, i) => i % 2 === 0), ...(sharedAt === -1 ? [] : [sharedAt])];
  const parts: Part[] = [];
  let end = 0;
  for (const part of varying) {
    const last = parts.at(-1);
    const between = part.from - end;
    // What is filled for each run must not be repeated from the template.
    const isFilled = filled.some((at) => at < part.from && at + CELL > end);
    const joins = last?.kind === 'new' && between <= MAX_BETWEEN && !isFilled;
    if (part.kind === 'new' && joins) parts[parts.length - 1] = { ...last, to: part.to };
    else {
      if (between > 0) parts.push({ kind: 'constant', from: end, to: part.from });
      parts.push(part);
    }
    end = part.to;
  }
  if (end < bytes.length) parts.push({ kind: 'constant', from: end, to: bytes.length });
  return parts;
}
