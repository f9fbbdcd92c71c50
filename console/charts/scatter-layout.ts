/** Traces as points: when they began against how long they took, the latter on a logarithmic scale that says so by its ticks. */
export interface Point {
  readonly id: string;
  /** Milliseconds since 1970, and milliseconds. */
  readonly at: number;
  readonly took: number;
}

export interface Placed<P extends Point> {
  readonly point: P;
  readonly x: number;
  readonly y: number;
}

export interface ScatterLayout<P extends Point> {
  readonly points: readonly Placed<P>[];
  /** Powers of ten, in milliseconds, with their places. */
  readonly ticks: readonly { readonly ms: number; readonly y: number }[];
  readonly from: number;
  readonly to: number;
}

const LEAST_MS = 0.001;

export function scatterLayout<P extends Point>(
  points: readonly P[],
  box: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number },
): ScatterLayout<P> {
  const times = points.map(({ at }) => at);
  const from = Math.min(...times);
  const to = Math.max(...times, from + 1000);
  const logs = points.map(({ took }) => Math.log10(Math.max(LEAST_MS, took)));
  const low = Math.floor(Math.min(...logs));
  const high = Math.max(low + 2, Math.ceil(Math.max(...logs)));
  const y = (log: number) => box.bottom - ((log - low) / (high - low)) * (box.bottom - box.top);
  return {
    points: points.map((point, index) => ({
      point,
      x: box.left + ((point.at - from) / (to - from)) * (box.right - box.left),
      y: y(logs[index]!),
    })),
    ticks: Array.from({ length: high - low + 1 }, (_, index) => ({
      ms: 10 ** (low + index),
      y: y(low + index),
    })),
    from,
    to,
  };
}
