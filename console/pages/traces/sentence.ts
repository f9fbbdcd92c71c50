/** What a trace tells, in a sentence: where the log went, how long it took, and what went wrong on the way. */
import type { Found } from '../../charts/waterfall.ts';
import { bytes } from '../../format/bytes.ts';
import { duration } from '../../format/duration.ts';
import { counted, list } from '../../format/number.ts';
import { text } from '../../format/value.ts';

const SEND = /^sink\.(.+)\.send$/;
const SENT = /^sent (.+)$/;

export function sentenceOf(trace: Found, batch?: Found): string {
  if (trace.type === 'system') return batchSentence(trace);
  const took = duration(trace.duration_ms);
  const sinks = sinksOf(trace);
  const trouble = troubleOf(batch ?? trace);
  switch (trace.outcome) {
    case 'filtered':
      return `A processor removed it after ${took}. It was sent nowhere.`;
    case 'buffered':
      return `Stored in the disk buffer of a sink after ${took}; it is delivered from there.${trouble}`;
    case 'dead_lettered':
      return `Rejected after ${took}: ${trace.status.message ?? 'a sink did not take it'}. The original bytes are in the dead letters.`;
    case 'dropped':
      return `Dropped after ${took}: ${trace.status.message ?? 'it is counted by its reason'}.`;
    default:
      return `Delivered${sinks.length === 0 ? '' : ` to ${list(sinks)}`} in ${took}.${trouble}`;
  }
}

function sinksOf(trace: Found): string[] {
  const named = trace.spans.flatMap((span) => [
    ...(SEND.exec(span.name)?.slice(1) ?? []),
    ...span.events.flatMap(({ name }) => SENT.exec(name)?.slice(1) ?? []),
  ]);
  return [...new Set(named)].sort();
}

/** ` loki answered 503, the retry was accepted.` */
function troubleOf(batch: Found): string {
  const failed = batch.spans.filter(({ name, status }) => SEND.test(name) && status.code === 'error');
  const bySink = Map.groupBy(failed, ({ name }) => SEND.exec(name)![1]!);
  return [...bySink]
    .map(([sink, attempts]) => {
      const first = attempts[0]!;
      const code = first.attributes['http.response.status_code'];
      const what =
        code === undefined
          ? `failed (${first.status.message ?? 'no reason given'})`
          : `answered ${text(code)}`;
      const accepted = batch.spans.some(
        ({ name, status }) => SEND.exec(name)?.[1] === sink && status.code !== 'error',
      );
      const end = attempts.length === 1 ? 'the retry was accepted' : `retry ${attempts.length} was accepted`;
      return ` ${sink} ${what}${accepted ? `, ${end}` : ''}.`;
    })
    .join('');
}

function batchSentence(trace: Found): string {
  const root = trace.spans[0]!;
  const logs = Number(root.attributes['messaging.batch.message_count'] ?? 0);
  const size = Number(root.attributes['log_capturer.batch.bytes'] ?? 0);
  const sources = Number(root.attributes['log_capturer.batch.sources'] ?? 0);
  const sinks = new Set(trace.spans.flatMap(({ name }) => SEND.exec(name)?.slice(1) ?? []));
  const from = sources > 0 ? `, from ${counted(sources, 'stream')}` : '';
  return `A batch of ${counted(logs, 'log')}, ${bytes(size)}${from}. Done with ${counted(sinks.size, 'sink')} in ${duration(trace.duration_ms)}.${troubleOf(trace)}`;
}
