import type { AgentStatus } from '../component/status.ts';
import type { Collector, Samples } from './samples.ts';

const OPEN = { closed: 0, half_open: 0.5, open: 1 } as const;

/** Turns what the status says of breakers, buffers and dead letters into metrics at a scrape. */
export const deliveryMetrics: Collector = {
  collect(samples, { sinks, dead_letters: letters }) {
    for (const sink of sinks) collectSink(samples, sink);
    samples.set('log_capturer_dead_letters_records', letters.records);
    samples.set('log_capturer_dead_letters_bytes', letters.bytes);
    samples.set('log_capturer_dead_letters_max_bytes', letters.max_bytes);
    samples.set('log_capturer_dead_letters_written_total', letters.written);
    samples.set('log_capturer_dead_letters_evicted_total', letters.evicted);
  },
};

function collectSink(samples: Samples, { id: sink, breaker, buffer }: AgentStatus['sinks'][number]): void {
  samples.set('log_capturer_sink_breaker_open', OPEN[breaker.state], { sink });
  samples.set('log_capturer_sink_breaker_openings_total', breaker.opened, { sink });
  if (buffer === undefined) return;
  samples.set('log_capturer_sink_buffer_bytes', buffer.bytes, { sink });
  samples.set('log_capturer_sink_buffer_max_bytes', buffer.max_bytes, { sink });
  samples.set('log_capturer_sink_buffer_records', buffer.records, { sink });
  samples.set('log_capturer_sink_buffer_full', buffer.full ? 1 : 0, { sink });
  samples.set('log_capturer_sink_buffer_damaged_places_total', buffer.damaged_places, { sink });
}
