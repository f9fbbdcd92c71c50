/** What an operator must know first: every trouble as a sentence, the figures behind it, and where to act. Worst first. */
import type { SinkStatus, Status, TracingStatus } from '../../api/shapes.ts';
import { countdown, duration } from '../../format/duration.ts';
import { count, counted } from '../../format/number.ts';
import { clock } from '../../format/time.ts';
import { healthOf } from '../../parts/troubles.ts';
import { href } from '../../state/route.ts';

export interface Notice {
  readonly level: 'bad' | 'warn';
  /** Who does what; in bold. */
  readonly lead: string;
  readonly rest: string;
  readonly link?: { readonly text: string; readonly href: string };
}

/** What a sink does, by the reason of its last error (src/component/errors.ts and the sinks' own). */
const DOES: Readonly<Record<string, string>> = {
  refused: 'refuses connections',
  timeout: 'does not answer in time',
  connection_lost: 'cuts connections',
  tls: 'has a certificate that is not accepted',
  '429': 'asks to slow down',
  '5xx': 'answers with errors',
  unauthorized: 'does not accept the credentials',
  wrong_url: 'is not at this address',
  disk_full: 'has no room on its disk',
  io_error: 'cannot be written',
  broken_pipe: 'has no reader',
};

export function attention(status: Status, tracing: TracingStatus): Notice[] {
  const notices = [
    ...unbalanced(status),
    ...status.sinks.flatMap(sinkNotice),
    ...slowSinks(status, tracing),
    ...sourceNotices(status),
    ...poolNotice(status),
    ...reloadNotice(status),
  ];
  return notices.sort((a, b) => Number(b.level === 'bad') - Number(a.level === 'bad'));
}

function sinkNotice(sink: SinkStatus): Notice[] {
  const health = healthOf(sink);
  if (health === 'accepting') return [];
  const verb = DOES[sink.last_error?.reason ?? ''] ?? 'accepts nothing';
  const since = clock(sink.breaker.since);
  const waiting = `${counted(sink.ledger.in_flight, 'log')} ${sink.ledger.in_flight === 1 ? 'waits' : 'wait'}`;
  const link = { text: `Open ${sink.id}`, href: href('pipeline', { open: `sink:${sink.id}` }) };
  if (health === 'stopped') {
    return [{ level: 'bad', lead: `${sink.id} ${verb}`, rest: ` since ${since}. ${waiting}.`, link }];
  }
  return [{ level: 'warn', lead: `${sink.id} ${verb}`, rest: `; it is tried again. ${waiting}.`, link }];
}

function slowSinks({ sinks }: Status, tracing: TracingStatus): Notice[] {
  return sinks.flatMap((sink): Notice[] => {
    const detector = tracing.adaptive_sampling.sinks[sink.id];
    if (detector?.active !== true || healthOf(sink) === 'stopped') return [];
    const p99 = duration(detector.p99_seconds * 1000);
    const since = detector.since === undefined ? '' : ` since ${clock(detector.since)}`;
    return [
      {
        level: 'warn',
        lead: `${sink.id} is slow:`,
        rest: ` P99 ${p99}, threshold ${duration(detector.threshold_seconds * 1000)}. Adaptive sampling has been on${since}.`,
        link: {
          text: 'Show slow traces',
          href: href('traces', { min: duration(detector.threshold_seconds * 1000).replace(' ', '') }),
        },
      },
    ];
  });
}

function sourceNotices({ sources, state }: Status): Notice[] {
  if (state !== 'running') return [];
  return sources
    .filter((source) => source.state === 'stopped')
    .map((source) => ({
      level: 'bad' as const,
      lead: `${source.id} stopped reading.`,
      rest: ` ${counted(source.ledger.read, 'log')} read until then.`,
      link: { text: `Open ${source.id}`, href: href('pipeline', { open: `source:${source.id}` }) },
    }));
}

function poolNotice({ dispatcher, sinks }: Status): Notice[] {
  if (dispatcher.slots_free > 0) return [];
  const slowest = sinks.toSorted(
    (a, b) => b.oldest_unacknowledged_seconds - a.oldest_unacknowledged_seconds,
  )[0];
  const why =
    slowest === undefined
      ? ''
      : ` The oldest batch has waited ${countdown(slowest.oldest_unacknowledged_seconds)} for ${slowest.id}.`;
  return [
    {
      level: 'warn',
      lead: 'The memory for logs is full;',
      rest: ` sources wait until a sink accepts.${why}`,
    },
  ];
}

function unbalanced({ sources, sinks }: Status): Notice[] {
  return [...sources, ...sinks]
    .filter(({ ledger }) => !ledger.balanced)
    .map(({ id, ledger }) => ({
      level: 'bad' as const,
      lead: `The ledger of ${id} does not balance.`,
      rest: ` Of ${count(ledger.read)} logs read, not every one is accounted for. Save /api/status and report it.`,
    }));
}

function reloadNotice(status: Status): Notice[] {
  const last = status.config?.last_reload;
  if (last?.result !== 'refused') return [];
  const problem = last.problems?.[0] ?? 'it is not valid';
  return [
    {
      level: 'bad',
      lead: `The configuration of ${clock(last.at)} was refused:`,
      rest: ` ${problem} The previous one is still running.`,
      link: { text: 'Show the configuration', href: href('config') },
    },
  ];
}
