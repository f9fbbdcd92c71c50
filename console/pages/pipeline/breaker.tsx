/** A breaker as a switch: the bar lies down when it is closed and stands up when it is open. */
import type { SinkStatus } from '../../api/shapes.ts';
import { healthOf } from '../../parts/troubles.ts';

export function Breaker({ sink }: { sink: SinkStatus }) {
  const { state } = sink.breaker;
  const partly = state === 'half_open' || (state === 'closed' && healthOf(sink) === 'slow');
  const words = { open: 'Breaker open', half_open: 'Breaker half open', closed: 'Breaker closed' }[state];
  const look = state === 'open' ? 'open' : partly ? 'part' : 'closed';
  const stroke = { open: 's-bad', part: 's-warn', closed: 's-ok' }[look];
  return (
    <span class={`breaker ${look}`} role="img" aria-label={words}>
      <svg viewBox="0 0 26 26" aria-hidden="true">
        <path d={state === 'open' ? 'M7 13 17 5.5' : 'M7 13h12'} class={stroke} stroke-width="2" />
      </svg>
    </span>
  );
}
