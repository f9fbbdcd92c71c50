/**
 * What the spans of a log say: a root `log.process` from reading the log to its last acknowledgement, and its stages
 * as children (waterfall) or as events (compact). Builds the template for logs of one stream that took the same way;
 * log-templates.ts keeps it, log-span-writer.ts fills it, the kernel copies it.
 */
import type { Stream } from '../../record/stream.ts';
import type { LogOutcome, Mode, Reason } from '../mode.ts';
import type { Annotations } from './annotate.ts';
import { Field, OtlpWriter, putPadded, SpanKind } from './otlp-writer.ts';
import { streamHash } from './record-uid.ts';
import { type SpanHead, type Template, TemplateWriter } from './span-template.ts';

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
  readonly compact: boolean;
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
  sends: 9,
} as const;

/**
 * Most sinks with a span of their own in a waterfall: ids 3 to 13 of the 16 that the kernel draws for a log. Further
 * ones are events.
 */
export const MAX_SEND_SPANS = 11;

const ROOT = { log: 0 } as const;
const QUEUE = { log: 1 } as const;
const PROCESSOR = { log: 2 } as const;
const FIRST_SEND = 3;
const BATCH_ID = 'log_capturer.batch.id';
/** Bytes of a batch's number in a scope: as in a cell. */
const BATCH_ID_WIDTH = 8;

export interface LogSpansOptions {
  readonly annotations: Annotations;
  /** Whether spans of that name are written (`tracing.exclude.span_names`). */
  readonly writes: (name: string) => boolean;
  /** Whether there is a system trace to link to. */
  readonly linked: boolean;
}

export function buildLogTemplate(stream: Stream, shape: LogShape, options: LogSpansOptions): Template {
  const writer = new TemplateWriter();
  if (!shape.compact) writeStages(writer, shape, options);
  const parent = shape.joined ? 'incoming' : null;
  const root = { ...headOf('log.process', ROOT, parent, LogCell.readAt, LogCell.endedAt) };
  return writer.finish(root, () => {
    if (options.linked) writer.link(LogCell.batchTraceId, LogCell.batchSpanId);
    if (shape.traceState !== '' && !shape.joined) writer.text(Field.span.traceState, shape.traceState);
    if (shape.failure !== null) writer.failed(shape.failure);
    writeEvents(writer, shape);
    writeAttributes(writer, stream, shape, options.annotations);
  });
}

function headOf(
  name: string,
  id: SpanHead['id'],
  parent: SpanHead['parent'],
  start: number,
  end: number,
): SpanHead {
  return { name, kind: SpanKind.internal, trace: 'log', id, parent, start, end };
}

function writeStages(writer: TemplateWriter, shape: LogShape, { writes }: LogSpansOptions): void {
  if (writes('dispatcher.queue')) {
    writer.span(headOf('dispatcher.queue', QUEUE, ROOT, LogCell.readAt, LogCell.sealedAt), () => {});
  }
  if (shape.processed && writes('processor.run')) {
    writer.span(headOf('processor.run', PROCESSOR, ROOT, LogCell.sealedAt, LogCell.processedAt), () => {});
  }
  for (const [i, send] of shape.sends.slice(0, MAX_SEND_SPANS).entries()) {
    const name = `sink.${send.sink}.send`;
    if (!writes(name)) continue;
    const start = LogCell.sends + 2 * i;
    const head = headOf(name, { log: FIRST_SEND + i }, ROOT, start, start + 1);
    writer.span({ ...head, kind: SpanKind.client }, () => {
      if (send.failure !== null) writer.failed(send.failure);
      writer.attribute('log_capturer.attempts', send.attempts);
    });
  }
}

/** Stages as events: all in the compact shape, else only the sends that have no span. */
function writeEvents(writer: TemplateWriter, shape: LogShape): void {
  if (shape.compact) {
    writer.event('dispatched', LogCell.sealedAt);
    if (shape.processed) writer.event('processed', LogCell.processedAt);
  }
  for (const [i, { sink, failure, attempts }] of shape.sends.entries()) {
    if (!shape.compact && i < MAX_SEND_SPANS) continue;
    const name = `${failure === null ? 'sent' : 'failed'} ${sink}`;
    writer.event(name, LogCell.sends + 2 * i + 1, {
      ...(attempts > 1 && { 'log_capturer.attempts': attempts }),
      ...(failure !== null && { 'error.type': failure }),
    });
  }
}

/** Those that are patched come first: offsets of patches have 16 bits, annotations may be long. */
function writeAttributes(
  writer: TemplateWriter,
  stream: Stream,
  shape: LogShape,
  annotations: Annotations,
): void {
  if (!shape.scoped) writer.attributeFrom(BATCH_ID, LogCell.batchId);
  writer.logSize('log.size');
  if (shape.located) {
    writer.logOffset('log.offset');
    if (!shape.scoped) writer.logUid('log.record.uid', `${streamHash(stream)}-`, LogCell.readText);
  }
  if (!shape.scoped) {
    for (const [key, value] of constants(stream, shape, annotations)) writer.attribute(key, value);
  }
  if (annotations.dropped > 0) writer.number(Field.span.droppedAttributesCount, annotations.dropped);
}

/** Attributes that are the same for all logs of one stream that went one way. */
function constants(stream: Stream, shape: LogShape, annotations: Annotations): (readonly [string, string])[] {
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

/** What the spans of a template leave to the scope. */
export class LogScope {
  readonly #batchIdAt: number;
  /** The batch that was asked for last, and its bytes. */
  #batchId = 0;
  #last: Buffer;

  constructor(stream: Stream, shape: LogShape, annotations: Annotations) {
    const writer = new OtlpWriter();
    this.#batchIdAt = writer.paddedAttribute(Field.scope.attributes, BATCH_ID, 0, BATCH_ID_WIDTH);
    for (const [key, value] of constants(stream, shape, annotations)) {
      writer.attribute(Field.scope.attributes, key, value);
    }
    this.#last = writer.finish();
  }

  /** `Run.scope` for spans of a batch; the same object again for the same batch. */
  of(batchId: number): Buffer {
    if (batchId !== this.#batchId) {
      this.#last = Buffer.from(this.#last);
      putPadded(this.#last, this.#batchIdAt, batchId, BATCH_ID_WIDTH);
      this.#batchId = batchId;
    }
    return this.#last;
  }
}
