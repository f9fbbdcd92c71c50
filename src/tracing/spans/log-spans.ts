/**
 * What the spans of a log say: a root `log.process` from reading the log to its last acknowledgement, and its stages
 * as children (waterfall) or as events (compact). Builds the template for logs of one stream that took the same way;
 * log-templates.ts keeps it, log-span-writer.ts fills it, the kernel copies it.
 */
import type { Stream } from '../../record/stream.ts';
import type { Annotations } from './annotate.ts';
import { BATCH_ID } from './log-scope.ts';
import { commonAttributes, eventsOf, LogCell, type LogShape, MAX_SEND_SPANS } from './log-shape.ts';
import { Field, SpanKind } from './otlp-writer.ts';
import { streamHash } from './record-uid.ts';
import { type SpanHead, type Template, TemplateWriter } from './span-template.ts';

const ROOT = { log: 0 } as const;
const QUEUE = { log: 1 } as const;
const PROCESSOR = { log: 2 } as const;
const FIRST_SEND = 3;

export interface LogSpansOptions {
  readonly annotations: Annotations;
  /** Whether spans of that name are written (`tracing.exclude.span_names`). */
  readonly writes: (name: string) => boolean;
  /** Whether there is a system trace to link to. */
  readonly linked: boolean;
}

export function buildLogTemplate(stream: Stream, shape: LogShape, options: LogSpansOptions): Template {
  const writer = new TemplateWriter();
  if (shape.stages === 'spans') writeStages(writer, shape, options);
  const own = headOf('log.process', ROOT, null, LogCell.readAt, LogCell.endedAt);
  const root: SpanHead = shape.joined ? { ...own, trace: 'incoming', parent: 'incoming' } : own;
  return writer.finish(root, () => {
    if (options.linked && !shape.scoped) writer.link(LogCell.batchTraceId, LogCell.batchSpanId);
    if (shape.traceState !== '' && !shape.joined) writer.text(Field.span.traceState, shape.traceState);
    if (shape.failure !== null) writer.failed(shape.failure);
    for (const { name, cell, attributes } of eventsOf(shape)) writer.event(name, cell, attributes);
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
  return { name, kind: SpanKind.internal, trace: { prefix: LogCell.idPrefix }, id, parent, start, end };
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

/** Those that are patched come first, close to one another: compressed, each stretch of them costs some bytes of its own. */
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
    for (const [key, value] of commonAttributes(stream, shape, annotations)) writer.attribute(key, value);
  }
  if (annotations.dropped > 0) writer.number(Field.span.droppedAttributesCount, annotations.dropped);
}
