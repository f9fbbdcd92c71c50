/**
 * What is known of a log's way when its span is written, apart from ids and times: what two logs of one stream must have in
 * common to share a template (log-spans.ts) and a scope (log-scope.ts).
 */
import type { Stream } from '../../record/stream.ts';
import type { LogOutcome, Mode, Reason } from '../mode.ts';
import type { Annotations } from './annotate.ts';
import type { Value } from './otlp-writer.ts';

/** How logs went to one sink. */
export interface Send {
  readonly sink: string;
  readonly attempts: number;
  /** Why they did not arrive; null: they did. */
  readonly failure: string | null;
}

/** The way of a log: what two logs of one stream must have in common to share a template. */
export interface LogShape {
  readonly mode: Mode;
  readonly reason: Reason;
  /** W3C tracestate; empty: none. */
  readonly traceState: string;
  /** Note of the on-demand rule; empty: none. */
  readonly note: string;
  readonly outcome: LogOutcome;
  /** Why the log did not arrive; null: it did, or was filtered. */
  readonly failure: string | null;
  /** What its stages become: spans of their own, events, or attributes of the scope where all logs share their times. */
  readonly stages: 'spans' | 'events' | 'scope';
  /** What all logs of this way have in common goes to the scope (`LogScope`), not onto each span. */
  readonly scoped: boolean;
  /** Continues the trace that came with each log. */
  readonly joined: boolean;
  /** Whether a processor worked on the log. */
  readonly processed: boolean;
  /** Whether positions of the logs in their stream are known. */
  readonly located: boolean;
  readonly sends: readonly Send[];
}

export function sameShape(a: LogShape, b: LogShape): boolean {
  return (
    a.mode === b.mode &&
    a.reason === b.reason &&
    a.traceState === b.traceState &&
    a.note === b.note &&
    a.outcome === b.outcome &&
    a.failure === b.failure &&
    a.stages === b.stages &&
    a.scoped === b.scoped &&
    a.joined === b.joined &&
    a.processed === b.processed &&
    a.located === b.located &&
    sameSends(a.sends, b.sends)
  );
}

function sameSends(a: readonly Send[], b: readonly Send[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    const one = a[i]!;
    const other = b[i]!;
    if (one.sink !== other.sink || one.attempts !== other.attempts || one.failure !== other.failure)
      return false;
  }
  return true;
}

/** Cells of log templates; those of sends follow, two each. */
export const LogCell = {
  readAt: 0,
  sealedAt: 1,
  processedAt: 2,
  endedAt: 3,
  batchId: 4,
  /** When the log was read, as text: part of the uid. */
  readText: 5,
  batchTraceId: 6,
  batchSpanId: 8,
  /** The first half of the logs' trace ids. */
  idPrefix: 9,
  sends: 10,
} as const;

/**
 * Most sinks with a span of their own in a waterfall: numbers 3 to 13 of a log's span ids. Further
 * ones are events.
 */
export const MAX_SEND_SPANS = 11;

/** A moment of a log's way, with the cell that holds its time. */
export interface Stage {
  readonly name: string;
  readonly cell: number;
  readonly attributes: Readonly<Record<string, Value>>;
}

/** The stages that are no spans: all, or only the sends for which there is no id left. */
function stagesOf(shape: LogShape): readonly Stage[] {
  const asSpans = shape.stages === 'spans';
  const sends = shape.sends.map(({ sink, failure, attempts }, i) => ({
    name: `${failure === null ? 'sent' : 'failed'} ${sink}`,
    cell: LogCell.sends + 2 * i + 1,
    attributes: {
      ...(attempts > 1 && { 'log_capturer.attempts': attempts }),
      ...(failure !== null && { 'error.type': failure }),
    },
  }));
  if (asSpans) return sends.slice(MAX_SEND_SPANS);
  const none = {};
  const dispatched = { name: 'dispatched', cell: LogCell.sealedAt, attributes: none };
  const processed = { name: 'processed', cell: LogCell.processedAt, attributes: none };
  return [dispatched, ...(shape.processed ? [processed] : []), ...sends];
}

/** The stages that a span has as events. */
export function eventsOf(shape: LogShape): readonly Stage[] {
  const stages = stagesOf(shape);
  return isScoped(shape, stages) ? [] : stages;
}

/** The stages whose times the scope says. */
export function scopedStagesOf(shape: LogShape): readonly Stage[] {
  const stages = stagesOf(shape);
  return isScoped(shape, stages) ? stages : [];
}

/** A scope has only room for times: where a stage has more to say, all stay events. */
function isScoped(shape: LogShape, stages: readonly Stage[]): boolean {
  return shape.stages === 'scope' && stages.every(({ attributes }) => Object.keys(attributes).length === 0);
}

/** Attributes that are the same for all logs of one stream that went one way. */
export function commonAttributes(
  stream: Stream,
  shape: LogShape,
  annotations: Annotations,
): (readonly [string, string])[] {
  const own = {
    'log.source_id': stream.id,
    'log.source': stream.source,
    'log.source_type': stream.sourceType,
    ...(stream.path !== undefined && { 'log.file.path': stream.path }),
    'tracing.mode': shape.mode,
    'log_capturer.sampling.reason': shape.reason,
    'log_capturer.outcome': shape.outcome,
    ...(shape.note !== '' && { 'log_capturer.on_demand.note': shape.note }),
  };
  return [
    ...Object.entries(own).map(([key, value]) => [key, annotations.redact(key, value)] as const),
    ...annotations.attributes,
  ];
}
