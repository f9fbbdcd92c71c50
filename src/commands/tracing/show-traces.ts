/** Traces as text for people: a list, and one trace as bars on a line of time. */
import type { Trace, TraceList } from '../../http/schemas/traces.ts';
import { facts, table } from '../table.ts';

type OneTrace = Trace['traces'][number];
type Span = OneTrace['spans'][number];

/** Columns of the line of time. */
const BAR = 32;

export function showTraces({ traces, incomplete }: TraceList): string {
  if (traces.length === 0) return 'No traces.\n';
  const rows = traces.map((trace) => [
    trace.trace_id,
    trace.started_at,
    milliseconds(trace.duration_ms),
    trace.span_count,
    trace.reason ?? '',
    trace.outcome ?? trace.status.code,
    trace.source_id ?? '',
  ]);
  const more = incomplete ? 'There may be more: narrow the question to see the rest.\n' : '';
  return table(['TRACE', 'STARTED', '>TOOK', '>SPANS', 'REASON', 'OUTCOME', 'SOURCE'], rows) + more;
}

export function showTrace({ traces, linked }: Trace): string {
  const own = traces.map(showOne);
  const batches = linked.map((trace) => `In the batch\n${showOne(trace)}`);
  return [...own, ...batches].join('\n');
}

function showOne(trace: OneTrace): string {
  const { spans, status } = trace;
  const known: [string, string | undefined][] = [
    ['trace', trace.trace_id],
    ['source', trace.source_id],
    ['reason', trace.reason],
    ['outcome', trace.outcome],
    ['failure', status.code === 'error' ? (status.message ?? 'error') : undefined],
    ['started', trace.started_at],
  ];
  const from = Math.min(...spans.map(({ started_at }) => microseconds(started_at)));
  const to = Math.max(...spans.map(({ ended_at }) => microseconds(ended_at)));
  const rows = inTree(spans).flatMap(({ span, depth }) => [
    [`${'  '.repeat(depth)}${span.name}`, milliseconds(span.duration_ms), bar(span, from, to)],
    // Compact spans have their stages as events: how long after the trace's start each came.
    ...span.events.map(({ name, at }) => {
      const after = milliseconds((microseconds(at) - from) / 1000);
      return [
        `${'  '.repeat(depth + 1)}${name}`,
        `+${after}`,
        bar({ started_at: at, ended_at: at }, from, to, '◆'),
      ];
    }),
  ]);
  return (
    facts(known.filter((pair): pair is [string, string] => pair[1] !== undefined)) +
    table(['SPAN', '>TOOK', ''], rows)
  );
}

/** Parents before their children, in the order of their start. */
function inTree(spans: readonly Span[]): { span: Span; depth: number }[] {
  const ids = new Set(spans.map(({ span_id }) => span_id));
  const sorted = spans.toSorted((a, b) => microseconds(a.started_at) - microseconds(b.started_at));
  const below = (parent: string | null, depth: number): { span: Span; depth: number }[] =>
    sorted
      .filter(({ parent_span_id: id }) => (parent === null ? id === null || !ids.has(id) : id === parent))
      .flatMap((span) => [{ span, depth }, ...below(span.span_id, depth + 1)]);
  return below(null, 0);
}

function bar(
  { started_at, ended_at }: Pick<Span, 'started_at' | 'ended_at'>,
  from: number,
  to: number,
  mark = '█',
): string {
  const scale = to > from ? BAR / (to - from) : 0;
  const left = Math.min(BAR - 1, Math.floor((microseconds(started_at) - from) * scale));
  const width = Math.max(1, Math.round((microseconds(ended_at) - microseconds(started_at)) * scale));
  return ' '.repeat(left) + mark.repeat(Math.min(width, BAR - left));
}

/** Of a time such as 2026-11-22T18:05:11.123456Z, which a Date would cut to milliseconds. */
function microseconds(iso: string): number {
  const fraction = /\.(\d+)Z$/.exec(iso)?.[1] ?? '';
  const whole = Date.parse(iso.replace(/\.\d+Z$/, 'Z'));
  return whole * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

function milliseconds(value: number): string {
  return `${Number(value.toPrecision(4))} ms`;
}
