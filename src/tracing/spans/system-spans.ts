/**
 * The trace of a batch: `dispatcher.process_batch` from its first read to its last acknowledgement, with `processor.run`
 * and one `sink.<id>.send` per attempt. Its template depends only on which attempts there were and how they failed, so a
 * batch like those before costs filling a few gaps. Called by the tracer once a batch, in every mode but off.
 */
import type { Batch } from '../../record/batch.ts';
import type { Attempt, Delivery } from '../../record/delivery.ts';
import type { Outlets } from '../exporters/outlets.ts';
import type { Mode } from '../mode.ts';
import type { SpanRing } from '../store/span-ring.ts';
import type { BatchLinks } from './batch-links.ts';
import { Field, putPadded, SpanKind } from './otlp-writer.ts';
import {
  Cells,
  fill,
  ROOT_LENGTH_WIDTH,
  type SpanHead,
  type Template,
  TemplateWriter,
} from './span-template.ts';

/** Cells; two of each delivery and three of each of its attempts follow. */
const Cell = {
  openedAt: 0,
  sealedAt: 1,
  processedAt: 2,
  endedAt: 3,
  batchId: 4,
  records: 5,
  bytes: 6,
  sources: 7,
  traceId: 8,
  spanId: 10,
  processorId: 11,
  deliveries: 12,
} as const;

/** Attempts of one delivery with a span of their own: the first and the last ones. A dead sink is retried for days. */
const MAX_ATTEMPTS = 32;
/** Shapes kept; failures make ever new ones. */
const MAX_SHAPES = 64;
/** Bytes of a `dropped_links_count` field. */
const DROPPED_LINKS_BYTES = 6;

export interface BatchTrace {
  readonly batch: Batch;
  readonly deliveries: readonly Delivery[];
  readonly mode: Mode;
  /** Monotonic milliseconds of the last acknowledgement. */
  readonly endedAt: number;
  /** Milliseconds since 1970 of monotonic 0. */
  readonly epoch: number;
  /** Four and two words. */
  readonly traceId: Uint32Array;
  readonly spanId: Uint32Array;
  /** Configured sources in the batch, and whether any of them has processors. */
  readonly sources: number;
  readonly processed: boolean;
  readonly links: BatchLinks;
}

interface Shape {
  readonly template: Template;
  readonly cells: Cells;
  readonly mode: Mode;
  readonly processed: boolean;
  /** Where every delivery went well at once: their sinks. */
  readonly sinks: readonly string[] | null;
}

/** An attempt with a span of its own. */
interface Shown {
  readonly number: number;
  readonly attempt: Attempt;
  readonly retried: boolean;
}

export class SystemSpans {
  readonly #ring: SpanRing;
  readonly #outlets: Outlets;
  readonly #random: () => number;
  readonly #writes: (name: string) => boolean;
  readonly #shapes = new Map<string, Shape>();
  #last: Shape | null = null;

  /** @param writes whether spans of that name are written (`tracing.exclude.span_names`). */
  constructor(options: {
    readonly ring: SpanRing;
    readonly outlets: Outlets;
    readonly random: () => number;
    readonly writes: (name: string) => boolean;
  }) {
    this.#ring = options.ring;
    this.#outlets = options.outlets;
    this.#random = options.random;
    this.#writes = options.writes;
  }

  /** Whether batches have traces at all: log spans link to them. */
  get enabled(): boolean {
    return this.#writes('dispatcher.process_batch');
  }

  /** Writes the trace and returns how many spans it has, counting them also when the ring had no room. */
  write(trace: BatchTrace): number {
    if (!this.enabled) return 0;
    const shape = this.#isLikeLast(trace) ? this.#last! : this.#shapeOf(trace);
    this.#last = shape;
    const { template, cells } = shape;
    this.#fillCells(cells, trace);
    fill(template, cells);

    const { links } = trace;
    const reserved = this.#ring.reserve(template.bytes.length + links.bytes.length + DROPPED_LINKS_BYTES);
    if (reserved === null) {
      this.#outlets.lose(template.spans);
      return template.spans;
    }
    const { bytes } = this.#ring.region;
    let end = reserved.at;
    end += template.bytes.copy(bytes, end);
    end += links.bytes.copy(bytes, end);
    if (links.dropped > 0) end = putDroppedLinks(bytes, end, links.dropped);
    const length = end - (reserved.at + template.rootAt);
    putPadded(bytes, reserved.at + template.rootLengthAt, length, ROOT_LENGTH_WIDTH);
    this.#outlets.offer(this.#ring.commit(reserved, end - reserved.at, template.spans, null));
    return template.spans;
  }

  /** Whether the trace has the last one's shape, where that one is of first attempts that all succeeded: nearly always. */
  #isLikeLast({ mode, processed, deliveries }: BatchTrace): boolean {
    const last = this.#last;
    if (last === null || last.mode !== mode || last.processed !== processed) return false;
    const { sinks } = last;
    if (sinks === null || sinks.length !== deliveries.length) return false;
    for (let i = 0; i < sinks.length; i++) {
      const delivery = deliveries[i]!;
      if (delivery.sink !== sinks[i] || !isPlain(delivery)) return false;
    }
    return true;
  }

  #shapeOf(trace: BatchTrace): Shape {
    const { deliveries } = trace;
    const key = `${trace.mode} ${trace.processed} ${deliveries.map(keyOf).join(' ')}`;
    let shape = this.#shapes.get(key);
    if (shape === undefined) {
      if (this.#shapes.size >= MAX_SHAPES) this.#shapes.clear();
      const cells = deliveries.reduce(
        (sum, delivery) => sum + 2 + 3 * keptAttempts(delivery).length,
        Cell.deliveries as number,
      );
      shape = {
        template: buildTemplate(trace, this.#writes),
        cells: new Cells(cells),
        mode: trace.mode,
        processed: trace.processed,
        sinks: deliveries.every(isPlain) ? deliveries.map(({ sink }) => sink) : null,
      };
      this.#shapes.set(key, shape);
    }
    return shape;
  }

  #fillCells(cells: Cells, trace: BatchTrace): void {
    const { batch, epoch } = trace;
    cells.setTime(Cell.openedAt, epoch + batch.openedAt);
    cells.setTime(Cell.sealedAt, epoch + batch.sealedAt);
    cells.setTime(Cell.processedAt, epoch + batch.processedAt);
    cells.setTime(Cell.endedAt, epoch + trace.endedAt);
    cells.setNumber(Cell.batchId, batch.id);
    cells.setNumber(Cell.records, batch.count);
    cells.setNumber(Cell.bytes, batch.bytes);
    cells.setNumber(Cell.sources, trace.sources);
    cells.setId(Cell.traceId, trace.traceId);
    cells.setId(Cell.spanId, trace.spanId);
    cells.setRandomId(Cell.processorId, this.#random);
    let cell: number = Cell.deliveries;
    for (const delivery of trace.deliveries) {
      cells.setNumber(cell++, delivery.records);
      cells.setNumber(cell++, delivery.bytes);
      for (const { startedAt, endedAt } of keptAttempts(delivery)) {
        cells.setRandomId(cell++, this.#random);
        cells.setTime(cell++, epoch + startedAt);
        cells.setTime(cell++, epoch + endedAt);
      }
    }
  }
}

function buildTemplate(trace: BatchTrace, writes: (name: string) => boolean): Template {
  const writer = new TemplateWriter();
  const common = { trace: { cell: Cell.traceId }, kind: SpanKind.internal } as const;
  const parent = { cell: Cell.spanId };
  if (trace.processed && writes('processor.run')) {
    const id = { cell: Cell.processorId };
    const times = { start: Cell.sealedAt, end: Cell.processedAt };
    writer.span({ ...common, ...times, name: 'processor.run', id, parent }, () => {});
  }
  let omitted = 0;
  let cell: number = Cell.deliveries;
  for (const delivery of trace.deliveries) {
    const shown = shownOf(delivery);
    omitted += delivery.attempts.length - shown.length;
    const deliveryCell = cell;
    cell += 2;
    for (const attempt of shown) {
      const name = `sink.${delivery.sink}.send`;
      const head = {
        ...common,
        name,
        kind: SpanKind.client,
        id: { cell },
        parent,
        start: cell + 1,
        end: cell + 2,
      };
      if (writes(name)) writeAttempt(writer, head, attempt, deliveryCell);
      cell += 3;
    }
  }
  const root = {
    name: 'dispatcher.process_batch',
    id: parent,
    parent: null,
    start: Cell.openedAt,
    end: Cell.endedAt,
  };
  return writer.finish({ ...common, ...root }, () => {
    writer.attributeFrom('log_capturer.batch.id', Cell.batchId);
    writer.attributeFrom('messaging.batch.message_count', Cell.records);
    writer.attributeFrom('log_capturer.batch.bytes', Cell.bytes);
    writer.attributeFrom('log_capturer.batch.sources', Cell.sources);
    writer.attribute('tracing.mode', trace.mode);
    if (omitted > 0) writer.attribute('log_capturer.attempts.omitted', omitted);
  });
}

function writeAttempt(
  writer: TemplateWriter,
  head: SpanHead,
  { number, attempt: { error }, retried }: Shown,
  deliveryCell: number,
): void {
  writer.span(head, () => {
    writer.attribute('log_capturer.attempt', number);
    writer.attributeFrom('messaging.batch.message_count', deliveryCell);
    writer.attributeFrom('log_capturer.batch.bytes', deliveryCell + 1);
    if (error === undefined) return;
    const reason = reasonOf(error);
    writer.failed(reason);
    writer.attribute('error.type', reason);
    const status = httpStatusOf(error);
    if (status !== undefined) writer.attribute('http.response.status_code', status);
    if (retried) writer.event('retry', head.end);
  });
}

/** The first of many, and the last ones. */
function keptAttempts({ attempts }: Delivery): readonly Attempt[] {
  if (attempts.length <= MAX_ATTEMPTS) return attempts;
  return [attempts[0]!, ...attempts.slice(1 - MAX_ATTEMPTS)];
}

function shownOf(delivery: Delivery): Shown[] {
  const kept = keptAttempts(delivery);
  const { length } = delivery.attempts;
  const omitted = length - kept.length;
  return kept.map((attempt, i) => {
    const number = i === 0 ? 1 : i + omitted + 1;
    return { number, attempt, retried: number < length };
  });
}

/** Delivered at the first attempt. */
function isPlain({ attempts }: Delivery): boolean {
  return attempts.length === 1 && attempts[0]!.error === undefined;
}

/** The numbers of the attempts follow from how many there were. */
function keyOf(delivery: Delivery): string {
  const failures = keptAttempts(delivery).map(({ error }) =>
    error === undefined ? '' : `${reasonOf(error)}/${httpStatusOf(error) ?? ''}`,
  );
  return `${delivery.sink}:${delivery.attempts.length}:${failures.join(',')}`;
}

/** The word that the sink gave its error. */
function reasonOf(error: Error): string {
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : 'internal_error';
}

/** Sinks that speak HTTP give the status as the reason, or as `status` on the error. */
function httpStatusOf(error: Error): number | undefined {
  const status = 'status' in error ? error.status : Number(reasonOf(error));
  return typeof status === 'number' && Number.isInteger(status) && status >= 100 && status < 600
    ? status
    : undefined;
}

/** `dropped_links_count` is field 14 of a span. */
function putDroppedLinks(bytes: Buffer, at: number, count: number): number {
  bytes[at] = Field.span.droppedLinksCount * 8;
  putPadded(bytes, at + 1, count, DROPPED_LINKS_BYTES - 1);
  return at + DROPPED_LINKS_BYTES;
}
