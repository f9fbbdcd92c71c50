/** How much is left of a time, as a ring that opens clockwise. */
const RADIUS = 11;
const ROUND = 2 * Math.PI * RADIUS;

/** @param left 1 at the beginning, 0 at the end. */
export function Ring({ left, look }: { left: number; look: 'running' | 'soon' | 'muted' }) {
  const length = ROUND * Math.min(1, Math.max(0, left));
  const stroke = { running: 's-acc', soon: 's-warn', muted: 's-strong' }[look];
  return (
    <svg class="ring" width="28" height="28" viewBox="0 0 28 28" aria-hidden="true">
      <circle cx="14" cy="14" r={RADIUS} class="s-line" stroke-width="3" />
      <circle
        cx="14"
        cy="14"
        r={RADIUS}
        class={stroke}
        stroke-width="3"
        stroke-dasharray={`${length} ${ROUND}`}
        transform="rotate(-90 14 14)"
      />
    </svg>
  );
}
