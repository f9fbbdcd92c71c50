/** The verdict about a line of which every sink was done while the agent watched. Decides and explains; looks nothing up. */
import type { Basis, SinkAnswer, Verdict } from './answer.ts';
import {
  doneStage,
  type Finding,
  filtered,
  iso,
  reasonOf,
  rounded,
  stages,
  type VerdictContext,
  withDurations,
} from './finding.ts';
import type { SinkStatus } from './knowledge.ts';
import { isKept, type Passage, Time } from './passage.ts';
import { count, duration, list } from './words.ts';

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
  const names = list(buffered.map(({ id }) => id));
  const where = `It went into the disk buffer of ${names}, which delivers in order`;
  if (buffered.every(({ id }) => hasDeliveredAll(sinkStatus(id)))) {
    return [
      'delivered',
      `It went into the disk buffer of ${names}, which has delivered all it held.${others}`,
      'seen',
    ];
  }
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

/** Its buffer is empty, and in this run it refused nothing and nothing was dropped on the way to it. */
function hasDeliveredAll(status: SinkStatus | undefined): boolean {
  if (status?.buffer?.records !== 0) return false;
  const { dropped, dead_lettered } = status.ledger;
  return dead_lettered === 0 && Object.keys(dropped).length === 0;
}
