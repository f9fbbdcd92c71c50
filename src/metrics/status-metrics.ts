import type { AgentStatus, LedgerStatus } from '../component/status.ts';
import type { Collector, Samples } from './samples.ts';

type SourceStatus = AgentStatus['sources'][number];
type SinkStatus = AgentStatus['sinks'][number];

/**
 * Why records are given up, whatever the destination. Their series are there from the start with 0, so that an alert on
 * an increase sees the first one; destinations add reasons of their own.
 */
const SINK_REASONS = [
  'buffer_damaged',
  'buffer_full',
  'gave_up',
  'rejected',
  'too_large',
  'too_old',
] as const;
/** `unrouted`: no sink takes the logs of the source. */
const SOURCE_REASONS = [...SINK_REASONS, 'unrouted'] as const;

/** Most reasons of one source or sink, so that no destination decides how many series there are. */
const MAX_REASONS = 32;

/** Turns the agent's status into metrics at a scrape; keeps nothing, costs nothing between scrapes. */
export const statusMetrics: Collector = {
  collect(samples, { version, sources, sinks, dispatcher }) {
    samples.set('log_capturer_build_info', 1, { version, node: process.versions.node });
    for (const source of sources) collectSource(samples, source);
    for (const sink of sinks) collectSink(samples, sink);
    collectDispatcher(samples, dispatcher);
  },
};

function collectSource(samples: Samples, status: SourceStatus): void {
  const { id: source, ledger, streams } = status;
  samples.set('log_capturer_source_up', status.state === 'stopped' ? 0 : 1, { source });
  samples.set('log_capturer_source_streams', streams.length, { source });
  const lag = streams.reduce((total, stream) => total + stream.lag_bytes, 0);
  samples.set('log_capturer_source_lag_bytes', lag, { source });

  samples.set('log_capturer_source_records_read_total', ledger.read, { source });
  samples.set('log_capturer_source_bytes_read_total', ledger.read_bytes, { source });
  samples.set('log_capturer_source_records_delivered_total', ledger.delivered, { source });
  samples.set('log_capturer_source_records_filtered_total', ledger.filtered, { source });
  samples.set('log_capturer_source_records_dead_lettered_total', ledger.dead_lettered, { source });
  for (const [reason, count] of droppedByReason(ledger, SOURCE_REASONS)) {
    samples.set('log_capturer_source_records_dropped_total', count, { source, reason });
  }
  samples.set('log_capturer_source_records_in_flight', ledger.in_flight, { source });
  collectBalance(samples, 'source', source, ledger);
  for (const [name, value] of numbersOf(status.details)) {
    samples.set('log_capturer_source_detail', value, { source, name });
  }
  for (const [index, { type, details }] of status.processors.entries()) {
    for (const [name, value] of numbersOf(details)) {
      samples.set('log_capturer_processor_detail', value, { source, id: `${type}_${index + 1}`, name });
    }
  }
}

function collectSink(samples: Samples, status: SinkStatus): void {
  const { id: sink, ledger } = status;
  samples.set('log_capturer_sink_up', status.state === 'ok' ? 1 : 0, { sink });
  samples.set('log_capturer_sink_queued_batches', status.queued_batches, { sink });
  samples.set('log_capturer_sink_sending_batches', status.sending_batches, { sink });
  samples.set('log_capturer_sink_attempts_total', status.attempts, { sink });
  samples.set('log_capturer_sink_retries_total', status.retries, { sink });
  samples.set('log_capturer_sink_oldest_unacknowledged_seconds', status.oldest_unacknowledged_seconds, {
    sink,
  });

  samples.set('log_capturer_sink_records_read_total', ledger.read, { sink });
  samples.set('log_capturer_sink_bytes_read_total', ledger.read_bytes, { sink });
  samples.set('log_capturer_sink_records_delivered_total', ledger.delivered, { sink });
  samples.set('log_capturer_sink_records_filtered_total', ledger.filtered, { sink });
  samples.set('log_capturer_sink_records_dead_lettered_total', ledger.dead_lettered, { sink });
  for (const [reason, count] of droppedByReason(ledger, SINK_REASONS)) {
    samples.set('log_capturer_sink_records_dropped_total', count, { sink, reason });
  }
  samples.set('log_capturer_sink_records_in_flight', ledger.in_flight, { sink });
  collectBalance(samples, 'sink', sink, ledger);
  for (const [name, value] of numbersOf(status.details)) {
    samples.set('log_capturer_sink_detail', value, { sink, name });
  }
}

function collectDispatcher(samples: Samples, dispatcher: AgentStatus['dispatcher']): void {
  samples.set('log_capturer_logs_processed_total', dispatcher.records_done);
  samples.set('log_capturer_bytes_processed_total', dispatcher.bytes_done);
  samples.set('log_capturer_dispatcher_memory_bytes', dispatcher.memory_bytes);
  samples.set('log_capturer_dispatcher_slots', dispatcher.slots);
  samples.set('log_capturer_dispatcher_slots_free', dispatcher.slots_free);
  samples.set('log_capturer_dispatcher_batches_total', dispatcher.batches);
  samples.set('log_capturer_dispatcher_batches_in_flight', dispatcher.batches_in_flight);
  samples.set('log_capturer_dispatcher_records_in_flight', dispatcher.records_in_flight);
  samples.set('log_capturer_dispatcher_bytes_in_flight', dispatcher.bytes_in_flight);
}

function collectBalance(
  samples: Samples,
  component: 'source' | 'sink',
  id: string,
  ledger: LedgerStatus,
): void {
  samples.set('log_capturer_ledger_balanced', ledger.balanced ? 1 : 0, { component, id });
}

function droppedByReason({ dropped }: LedgerStatus, known: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map(known.map((reason) => [reason, 0]));
  for (const [reason, count] of Object.entries(dropped)) {
    const counted = counts.has(reason) || counts.size < MAX_REASONS ? reason : 'other';
    counts.set(counted, (counts.get(counted) ?? 0) + count);
  }
  return counts;
}

function numbersOf(details: Readonly<Record<string, number | string>> = {}): [string, number][] {
  return Object.entries(details).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
}
