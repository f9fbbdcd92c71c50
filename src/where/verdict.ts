/**
 * The verdict about one line, from what the journal knows of the place it has in its stream. Decides and explains; looks
 * nothing up that is not in memory. Called by where.ts, which found the place and fetches the rest of the proof.
 */
import type { Clock } from '../component/clock.ts';
import type { SourceFile } from '../component/source.ts';
import type { Basis, LineAnswer, SinkAnswer, StageAnswer, Verdict } from './answer.ts';
import type { InFlight } from './journal.ts';
import type { SinkStatus, SourceLedger } from './knowledge.ts';
import { isKept, type Passage, Time } from './passage.ts';
import { refusedPlaces } from './sends.ts';
import { count, duration, list, sinksHave, size } from './words.ts';

/** What a verdict says, without where the line is. */
export type Finding = Pick<
  LineAnswer,
  'verdict' | 'basis' | 'explanation' | 'sinks' | 'stages' | 'batch' | 'ahead' | 'filtered_by'
>;

export interface VerdictContext {
  readonly clock: Pick<Clock, 'now' | 'toEpoch'>;
  /** Of the configured source. */
  readonly source: string;
  readonly sinkStatus: (id: string) => SinkStatus | undefined;
  readonly ledger: (source: string) => SourceLedger | undefined;
  /** How many logs went to the sink's disk buffer in this run. */
  readonly bufferedNow: (sink: string) => number;
}

const NOTHING = { sinks: [], stages: [] };

/** @param place the line's place among the logs of the passage; null: not known. */
export function passageVerdict(passage: Passage, place: number | null, context: VerdictContext): Finding {
  const { first, last, way, removals, refusals, batch } = passage;
  const removal = place === null ? undefined : removals?.find((each) => !isKept(each, place));
  const upTo = (time: number) => stages(first.slice(0, time), last.slice(0, time), context);
  if (removal !== undefined) return filtered(removal.by, { batch, stages: upTo(Time.sends) }, context);

  const sinks = way.sends.map((send, i): SinkAnswer => {
    const refusal = refusals?.find(
      (each) => each.sink === send.sink && place !== null && each.places?.includes(place) === true,
    );
    const at = last[Time.sends + i]!;
    return {
      id: send.sink,
      state: refusal?.end ?? send.end,
      at: iso(at, context),
      took_ms: rounded(at - last[Time.read]!),
      attempts: send.attempts,
      ...reasonOf(refusal?.reason ?? send.reason),
    };
  });
  const unclear = [
    ...(place === null ? (removals ?? []).map(({ by }) => `${by} removed some logs of its batch`) : []),
    ...(refusals ?? [])
      .filter((each) => place === null || each.places === null)
      .map((each) => `${each.sink} refused ${count(each.count)} logs of its batch (${each.reason})`),
  ];
  const done = [...upTo(Time.sends), ...doneStage(first.slice(Time.sends), last.slice(Time.sends), context)];
  const ended = ends(sinks, { batch, stages: withDurations(done) }, context, passage.buffered);
  if (unclear.length === 0 || ended.verdict !== 'delivered') return ended;
  const doubt = `${unclear.join('; ')}; whether it is one of them is not known`;
  return { ...ended, basis: 'uncertain', explanation: `${ended.explanation} But ${doubt}.` };
}

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

/** Of a file of which neither the journal nor what is in flight has the place. */
export function fileVerdict(
  file: SourceFile,
  line: { readonly offset: number; readonly terminated: boolean },
  context: VerdictContext & { readonly rate: number; readonly waitsFor: string; readonly startedAt: string },
): Finding {
  const { source, rate } = context;
  const { offset } = line;
  if (offset < file.skipped) {
    const explanation = `It was in ${file.stream} before ${source} first saw the file, and ${source} starts at the end of such files (start_at: end). It was never read.`;
    return { verdict: 'unknown', basis: 'skipped', explanation, ...NOTHING };
  }
  if (offset >= file.position) {
    if (!file.tailed) {
      const explanation = `${source} read ${file.stream} up to byte ${count(file.position)} and reads it no more; the line lies behind that.`;
      return { verdict: 'unknown', basis: 'not_read', explanation, ...NOTHING };
    }
    const bytes = offset - file.position;
    const seconds = rate > 0 ? bytes / rate : undefined;
    const until = seconds === undefined || bytes === 0 ? '' : `, about ${duration(seconds * 1000)}`;
    const open = line.terminated ? '' : ' Its line feed has not been written yet; until then it is not read.';
    const ahead =
      bytes === 0 ? 'It is next' : `${size(bytes)} ${bytes === 1 ? 'is' : 'are'} ahead of it${until}`;
    return {
      verdict: 'not_read_yet',
      basis: 'seen',
      explanation: `${file.stream} has it at byte ${count(offset)}. ${ahead}.${open}${context.waitsFor}`,
      ahead: { bytes, ...(seconds !== undefined && { seconds: rounded(seconds * 1000) / 1000 }) },
      ...NOTHING,
    };
  }
  if (offset < file.committed) {
    const done =
      'every sink was done with it: it was delivered, or filtered, dead-lettered or dropped for a counted reason';
    return offset < file.began
      ? {
          verdict: 'delivered',
          basis: 'committed',
          explanation: `Before the agent began at ${context.startedAt}, ${done}. When and which is not remembered.`,
          ...NOTHING,
        }
      : {
          verdict: 'delivered',
          basis: 'forgotten',
          explanation: `In this run ${done}. When and which is not remembered any more (where.memory).`,
          ...NOTHING,
        };
  }
  const explanation = `${source} has read it, and not every sink has acknowledged it.`;
  return { verdict: 'in_flight', basis: 'forgotten', explanation, ...NOTHING };
}

function filtered(
  by: string,
  shared: Pick<Finding, 'batch' | 'stages'>,
  { source }: VerdictContext,
): Finding {
  const explanation = `${by} of ${source} removed it. It was sent nowhere.`;
  return { verdict: 'filtered', basis: 'seen', explanation, filtered_by: by, sinks: [], ...shared };
}

/** All sinks are done with it. */
function ends(
  sinks: readonly SinkAnswer[],
  shared: Pick<Finding, 'batch' | 'stages'>,
  context: VerdictContext,
  buffers: Passage['buffered'],
): Finding {
  const { source } = context;
  const has = (state: SinkAnswer['state']) => sinks.filter((sink) => sink.state === state);
  const found = (verdict: Verdict, explanation: string, basis: Basis = 'seen'): Finding => {
    return { verdict, basis, explanation, sinks, ...shared };
  };
  const since = (reason: string) => {
    const n = context.ledger(source)?.dropped[reason] ?? 0;
    return n === 0
      ? ''
      : ` ${count(n)} ${n === 1 ? 'log was' : 'logs were'} dropped for this reason since start.`;
  };
  if (sinks.length === 0) {
    return found(
      'dropped',
      `It was dropped: no sink takes logs of ${source} (unrouted).${since('unrouted')}`,
    );
  }
  const delivered = has('delivered');
  const others = delivered.length === 0 ? '' : ` ${list(delivered.map(({ id }) => id))} acknowledged it.`;
  const [dropped] = has('dropped');
  if (dropped !== undefined) {
    const reason = dropped.reason ?? 'unknown';
    return found('dropped', `It was dropped: ${dropped.id} refused it (${reason}).${since(reason)}${others}`);
  }
  const dead = has('dead_lettered');
  if (dead.length > 0) {
    const why = dead.map(({ id, reason }) => `${id} rejected it (${reason ?? 'unknown'})`);
    return found('dead_lettered', `${list(why)}. The original bytes are in the dead letters.${others}`);
  }
  const buffered = has('buffered');
  if (buffered.length > 0) return found(...whatBufferingSays(buffered, others, context, buffers));
  const took = duration(Math.max(...sinks.map(({ took_ms = 0 }) => took_ms)));
  const names = list(sinks.map(({ id }) => id));
  return found('delivered', `${source} read it; ${names} acknowledged it ${took} after it was read.`);
}

/**
 * Nobody keeps book of single logs in a disk buffer. But it delivers in order: when as many logs went there later as it
 * holds now, this one has left it.
 */
function whatBufferingSays(
  buffered: readonly SinkAnswer[],
  others: string,
  { sinkStatus, bufferedNow }: VerdictContext,
  buffers: Passage['buffered'],
): [Verdict, string, Basis] {
  const ahead = buffered.map(({ id }) => {
    const later = bufferedNow(id) - (buffers?.get(id) ?? 0);
    return (sinkStatus(id)?.buffer?.records ?? 0) - later;
  });
  const most = Math.max(...ahead);
  const where = `It went into the disk buffer of ${list(buffered.map(({ id }) => id))}, which delivers in order`;
  if (most <= 0) {
    return [
      'delivered',
      `${where}, and has left it: it was delivered, unless it was dropped or dead-lettered for a counted reason.${others}`,
      'uncertain',
    ];
  }
  const held = `at most ${count(most)} ${most === 1 ? 'log goes' : 'logs go'} before it is done`;
  return ['in_flight', `${where}; ${held}. The log is safe on disk.${others}`, 'seen'];
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

const NAMES = ['read', 'queued', 'processed'] as const;

function stages(first: readonly number[], last: readonly number[], context: VerdictContext): StageAnswer[] {
  return first.map((at, i) => ({ name: NAMES[i]!, ...between(at, last[i]!, context) }));
}

function doneStage(
  first: readonly number[],
  last: readonly number[],
  context: VerdictContext,
): StageAnswer[] {
  if (last.length === 0) return [];
  return [{ name: 'done', ...between(Math.max(...first), Math.max(...last), context) }];
}

function between(from: number, to: number, context: VerdictContext): { at: string; until?: string } {
  return { at: iso(from, context), ...(to > from && { until: iso(to, context) }) };
}

function withDurations(list: readonly StageAnswer[]): StageAnswer[] {
  return list.map((stage, i) => {
    const before = list[i - 1];
    if (before === undefined || before.until !== undefined || stage.until !== undefined) return stage;
    return { ...stage, took_ms: Date.parse(stage.at) - Date.parse(before.at) };
  });
}

function reasonOf(reason: string): { reason?: string } {
  return reason === '' ? {} : { reason };
}

function reasonIn(error: Error | undefined): string | undefined {
  return error !== undefined && 'reason' in error && typeof error.reason === 'string'
    ? error.reason
    : undefined;
}

function iso(monotonic: number, { clock }: VerdictContext): string {
  return new Date(clock.toEpoch(monotonic)).toISOString();
}

/** Milliseconds to the microsecond. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
