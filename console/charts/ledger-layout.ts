/**
 * How the balance is drawn: what was read above what is accounted for, on one scale, so that both end on the same line;
 * below, what was not delivered, magnified. Pure geometry; pages/pipeline/ledger-bars.tsx draws it.
 */
export const KINDS = ['filtered', 'in_flight', 'dead_lettered', 'dropped'] as const;
export type Kind = (typeof KINDS)[number];

export interface Balance {
  readonly read: number;
  readonly delivered: number;
  readonly filtered: number;
  readonly in_flight: number;
  readonly dead_lettered: number;
  readonly dropped: number;
}

export interface Slice {
  readonly kind: Kind;
  readonly count: number;
  readonly x: number;
  readonly width: number;
}

export interface LedgerLayout {
  /** Of read − accounted: 0 when the ledger balances. */
  readonly difference: number;
  readonly readWidth: number;
  readonly deliveredWidth: number;
  /** Where the rest begins and ends on the upper bar; null when everything was delivered. */
  readonly rest: { readonly x: number; readonly width: number; readonly share: number } | null;
  /** The rest over the whole width, only what is not 0. */
  readonly slices: readonly Slice[];
}

/** A slice that is not 0 is seen. */
const LEAST_SLICE = 5;
const GAP = 2;
const LEAST_REST = 3;

export function ledgerLayout(balance: Balance, width: number): LedgerLayout {
  const counts = KINDS.map((kind) => ({ kind, count: Math.max(0, balance[kind]) })).filter(
    ({ count }) => count > 0,
  );
  const other = counts.reduce((sum, { count }) => sum + count, 0);
  const accounted = balance.delivered + other;
  const longest = Math.max(balance.read, accounted, 1);
  const restWidth = other === 0 ? 0 : Math.max(LEAST_REST, (other / longest) * width);
  const end = (accounted / longest) * width;
  const deliveredWidth = Math.max(0, end - restWidth - (other > 0 && balance.delivered > 0 ? 1.5 : 0));
  return {
    difference: balance.read - accounted,
    readWidth: (balance.read / longest) * width,
    deliveredWidth,
    rest:
      other === 0 ? null : { x: end - restWidth, width: restWidth, share: other / Math.max(1, accounted) },
    slices: slicesOf(counts, other, width),
  };
}

function slicesOf(counts: readonly { kind: Kind; count: number }[], other: number, width: number): Slice[] {
  const room = width - GAP * Math.max(0, counts.length - 1);
  let large = counts;
  let sum = other;
  let forLarge = room;
  // What the small ones are given, the others lose, so that one of them may become small itself.
  for (let before = counts.length + 1; large.length < before; ) {
    before = large.length;
    large = large.filter(({ count }) => (count / sum) * forLarge >= LEAST_SLICE);
    sum = large.reduce((total, { count }) => total + count, 0);
    forLarge = room - (counts.length - large.length) * LEAST_SLICE;
  }
  let x = 0;
  return counts.map(({ kind, count }) => {
    const isLarge = large.some((each) => each.kind === kind);
    const size = isLarge ? (count / sum) * forLarge : LEAST_SLICE;
    const slice = { kind, count, x, width: size };
    x += size + GAP;
    return slice;
  });
}
