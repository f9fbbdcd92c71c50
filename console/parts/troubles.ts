/** How many sinks do not work as they should; shown in the rail on every page. */
import type { SinkStatus, Status } from '../api/shapes.ts';

export type SinkHealth = 'accepting' | 'slow' | 'stopped';

/** Stopped: nothing gets through until the breaker's pause is over. Slow: it failed, and is being tried again. */
export function healthOf(sink: SinkStatus): SinkHealth {
  if (sink.state === 'stopped' || sink.breaker.state === 'open') return 'stopped';
  return sink.breaker.state === 'half_open' || sink.state === 'retrying' ? 'slow' : 'accepting';
}

export function troubles({ sinks }: Status): { stopped: number; slow: number } {
  const health = sinks.map(healthOf);
  return {
    stopped: health.filter((each) => each === 'stopped').length,
    slow: health.filter((each) => each === 'slow').length,
  };
}
