/** A line of the last values, without axes: only how it went. Gaps stay gaps. */
import type { Value } from '../state/series.ts';

const WIDTH = 58;
const HEIGHT = 16;

export function Sparkline({ values }: { values: readonly Value[] }) {
  const path = sparkPath(values, WIDTH, HEIGHT);
  if (path === '') return null;
  return (
    <svg width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <path d={path} class="s-dim" stroke-width="1.25" stroke-linejoin="round" />
    </svg>
  );
}

/** The newest value is at the right edge; the scale begins at 0. */
export function sparkPath(values: readonly Value[], width: number, height: number): string {
  const most = Math.max(0, ...values.map((value) => value ?? 0));
  if (values.length < 2) return '';
  const y = (value: number) => (most === 0 ? height - 1 : height - 1 - (value / most) * (height - 2));
  let drawn = false;
  return values
    .map((value, index) => {
      if (value === null) {
        drawn = false;
        return '';
      }
      const point = `${drawn ? 'L' : 'M'}${((index / (values.length - 1)) * width).toFixed(1)} ${y(value).toFixed(1)}`;
      drawn = true;
      return point;
    })
    .join('');
}
