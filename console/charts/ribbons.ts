/**
 * Where the ribbons of the pipeline's graph run: from every source to the dispatcher, and from it to every sink. One
 * scale for the whole graph, so that widths compare. Pure geometry; graph.tsx draws it.
 */

/** One end at a node: where its middle is, and how much flows, in logs per second. */
export interface End {
  readonly y: number;
  readonly perSecond: number;
}

/** The middle of a ribbon at the node and at the dispatcher, and its width. */
export interface Ribbon {
  readonly node: number;
  readonly dispatcher: number;
  readonly width: number;
}

/** However little flows, a ribbon is seen. */
const LEAST_WIDTH = 1.5;
const GAP = 10;
/** Share of the dispatcher's height that all ribbons of one side may take. */
const FILL = 0.55;

/** Pixels for one log per second: the widest ribbon fits its node, and all of a side fit the dispatcher. */
export function scaleOf(
  sides: readonly { rates: readonly number[]; widest: number }[],
  height: number,
): number {
  const limits = sides.flatMap(({ rates, widest }) => {
    const total = rates.reduce((sum, each) => sum + each, 0);
    const most = Math.max(0, ...rates);
    // Below one log in a second nothing grows any wider.
    return total === 0 ? [] : [widest / Math.max(1, most), (height * FILL) / Math.max(1, total)];
  });
  return limits.length === 0 ? 0 : Math.min(...limits);
}

/** Stacks the ribbons of one side at the dispatcher, in the order of their nodes, around the middle of these. */
export function ribbons(ends: readonly End[], scale: number, height: number): Ribbon[] {
  const widths = ends.map(({ perSecond }) => Math.max(LEAST_WIDTH, perSecond * scale));
  const stack = widths.reduce((sum, width) => sum + width, 0) + GAP * Math.max(0, ends.length - 1);
  const middle = ends.reduce((sum, { y }) => sum + y, 0) / Math.max(1, ends.length);
  let at = Math.min(Math.max(middle - stack / 2, 24), Math.max(24, height - stack - 24));
  return ends.map(({ y }, index) => {
    const width = widths[index]!;
    const ribbon = { node: y, dispatcher: at + width / 2, width };
    at += width + GAP;
    return ribbon;
  });
}

/** The outline of a ribbon in a box 100 wide. */
export function outline(left: number, right: number, width: number): string {
  const half = width / 2;
  const [a, b, c, d] = [left - half, right - half, right + half, left + half].map(round);
  return `M0 ${a}C50 ${a} 50 ${b} 100 ${b}V${c}C50 ${c} 50 ${d} 0 ${d}Z`;
}

/** The middle of a ribbon, or its edge. */
export function line(left: number, right: number): string {
  const [a, b] = [left, right].map(round);
  return `M0 ${a}C50 ${a} 50 ${b} 100 ${b}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
