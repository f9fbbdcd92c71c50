/** The verdict about a line that is on its way: which sinks have it, and why the others do not. Looks nothing up. */
import type { SinkAnswer } from './answer.ts';
import {
  type Finding,
  filtered,
  iso,
  reasonOf,
  rounded,
  stages,
  type VerdictContext,
  withDurations,
} from './finding.ts';
import type { InFlight } from './journal.ts';
import { refusedPlaces } from './sends.ts';
import { duration, sinksHave } from './words.ts';

/** @param place the line's place among the logs of the segment; null: not known. */
export function inFlightVerdict(
  { batch, segment, sends }: InFlight,
  place: number | null,
  context: VerdictContext,
): Finding {
  const now = context.clock.now();
  const times = [segment.readAt];
  if (batch.sealedAt > 0) times.push(batch.sealedAt);
  if (batch.processedAt > 0) times.push(batch.processedAt);
  const shared = { batch: batch.id, stages: withDurations(stages(times, times, context)) };
  const row = place === null ? -1 : segment.first + place;
  const removal = place === null ? undefined : segment.removals?.find(({ live }) => !live.includes(row));
  if (removal !== undefined) return filtered(removal.by, shared, context);

  const deliveries = (batch.deliveries ?? []).filter((each) => each.segments.includes(segment));
  const sinks = deliveries.map((delivery): SinkAnswer => {
    const state = sends.get(delivery);
    const attempts = delivery.attempts.length;
    const settled = state?.settled;
    if (settled !== undefined) {
      const whole = settled.lost === 0 || settled.lost >= delivery.records;
      const refused =
        whole || place === null || refusedPlaces(segment, settled.rows)?.includes(place) === true;
      const end = refused ? settled.end : 'delivered';
      const at = { at: iso(settled.at, context), took_ms: rounded(settled.at - segment.readAt) };
      return { id: delivery.sink, state: end, ...at, attempts, ...reasonOf(refused ? settled.reason : '') };
    }
    return waiting(delivery.sink, attempts, state?.retryAt, delivery.attempts.at(-1)?.error, now, context);
  });
  const open = sinks.filter(({ state }) => !isEnd(state));
  return {
    verdict: 'in_flight',
    basis: 'seen',
    explanation: whyInFlight(sinks, open, now - segment.readAt, batch.sealedAt > 0),
    sinks: sinks.map((sink) =>
      isEnd(sink.state) ? sink : { ...sink, took_ms: rounded(now - segment.readAt) },
    ),
    ...shared,
  };
}

function waiting(
  id: string,
  attempts: number,
  retryAt: number | undefined,
  error: Error | undefined,
  now: number,
  context: VerdictContext,
): SinkAnswer {
  const status = context.sinkStatus(id);
  const paused = status !== undefined && status.state !== 'ok';
  if (retryAt === undefined && !paused) {
    return { id, state: (status?.queued_batches ?? 0) === 0 ? 'sending' : 'waiting', attempts };
  }
  const last = status?.last_error;
  const reason = reasonIn(error) ?? last?.reason;
  const message = error?.message ?? last?.message;
  const next =
    retryAt === undefined ? status?.breaker?.next_try_in_seconds : Math.max(0, rounded(retryAt - now) / 1000);
  return {
    id,
    state: attempts > 0 ? 'retrying' : 'waiting',
    attempts,
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
    ...(next !== undefined && { next_try_in_seconds: next }),
  };
}

function whyInFlight(
  sinks: readonly SinkAnswer[],
  open: readonly SinkAnswer[],
  age: number,
  sealed: boolean,
): string {
  const since = `It was read ${duration(age)} ago.`;
  if (sinks.length === 0) {
    return sealed
      ? `${since} Processors are at work on it.`
      : `${since} Its batch is being filled, and will be sent soon.`;
  }
  const done = sinks.length - open.length;
  const who = done === 0 ? 'No sink has it yet.' : `${sinksHave(done)} it.`;
  const why = open.map(({ id, state, message, next_try_in_seconds: next }) => {
    if (state === 'sending') return `${id} is being sent it.`;
    if (message === undefined) return `For ${id} it waits in the queue.`;
    const again = next === undefined ? '' : `; next try in ${duration(next * 1000)}`;
    return `${id} does not: ${message}${again}.`;
  });
  return `${who} ${why.join(' ')} ${since} The log is safe: nothing is committed before every sink is done with it.`;
}

function isEnd(state: SinkAnswer['state']): boolean {
  return state === 'delivered' || state === 'buffered' || state === 'dead_lettered' || state === 'dropped';
}

function reasonIn(error: Error | undefined): string | undefined {
  return error !== undefined && 'reason' in error && typeof error.reason === 'string'
    ? error.reason
    : undefined;
}
