/**
 * Writes the spans of traced logs into the ring, as soon as their batch is complete: takes the template for the way they
 * went, fills in the batch's times and ids, and has the kernel copy it once a log. Never looks at a log; what a log adds
 * of its own comes through span-blobs.ts. Called by the tracer.
 */
import type { Kernel } from '../../kernel/kernel.ts';
import type { Batch } from '../../record/batch.ts';
import { liveCount } from '../../record/segment.ts';
import type { Group } from '../decision/log-choice.ts';
import type { Outlets } from '../exporters/outlets.ts';
import type { Mode } from '../mode.ts';
import type { LogRunMeta } from '../store/run.ts';
import type { SpanRing } from '../store/span-ring.ts';
import type { BatchLinks } from './batch-links.ts';
import { LogCell, type LogShape } from './log-shape.ts';
import type { LogTemplate, LogTemplates } from './log-templates.ts';
import { textOfTime } from './record-uid.ts';
import { hasContext, type RowList, type SpanBlobs } from './span-blobs.ts';
import { Cells, fill, type Template } from './span-template.ts';
import type { Way } from './ways.ts';

/** Spans in a run, at most: fewer than exporters send at once by default. */
const RUN_SPANS = 2048;
/** Runs take at most this part of what the ring can take as one: what is left over at the end of its zones is less. */
const RING_SHARE = 4;
const RUN_BYTES = 2 ** 20;

/** Under what settings the logs of a batch were chosen: their spans are written under the same. */
export interface SpanSettings {
  readonly mode: Mode;
  readonly compact: boolean;
  readonly incoming: 'parent' | 'link' | 'ignore';
  /** Whether roots are written; without them nothing of a log is. */
  readonly written: boolean;
  /** Log traces that took less than this are not written. */
  readonly shorterThanMs: number;
  readonly templates: LogTemplates;
  readonly blobs: SpanBlobs;
}

/** What the spans of a batch share. */
export interface BatchSpans {
  readonly batch: Batch;
  readonly seed: bigint;
  readonly settings: SpanSettings;
  /** Milliseconds since 1970 of monotonic 0. */
  readonly epoch: number;
  /** Of the batch's own trace: 16 and 8 bytes. */
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  readonly links: BatchLinks;
  /** Sources on whose logs processors worked. */
  readonly processed: ReadonlySet<string>;
}

export interface Written {
  readonly logs: number;
  readonly spans: number;
}

const NOTHING: Written = { logs: 0, spans: 0 };

export interface LogSpanWriterOptions {
  readonly kernel: Pick<Kernel, 'encodeSpans'>;
  readonly ring: SpanRing;
  readonly outlets: Outlets;
}

export class LogSpanWriter {
  readonly #kernel: LogSpanWriterOptions['kernel'];
  readonly #ring: SpanRing;
  readonly #outlets: Outlets;
  #cells = new Cells(LogCell.sends + 16);

  constructor({ kernel, ring, outlets }: LogSpanWriterOptions) {
    this.#kernel = kernel;
    this.#ring = ring;
    this.#outlets = outlets;
  }

  /** Writes the spans of a group whose logs all went this way; counts also those for which the ring had no room. */
  write(shared: BatchSpans, group: Group, rows: Uint32Array | null, way: Way): Written {
    const { batch, settings } = shared;
    const { segment } = group;
    const durationMs = way.endedAt - segment.readAt;
    if (!settings.written || durationMs < settings.shorterThanMs) return NOTHING;

    // Where every log has a span, what they share is said once a batch: their cost is that of their bytes.
    const scoped = settings.mode === 'full-e2e';
    const events = scoped && settings.compact ? 'scope' : 'events';
    const joins = settings.incoming === 'parent' && group.hasContexts;
    const shape: LogShape = {
      mode: settings.mode,
      reason: group.reason,
      traceState: group.traceState,
      note: group.note,
      outcome: way.outcome,
      failure: way.failure,
      stages: settings.compact ? events : 'spans',
      scoped,
      joined: false,
      processed: shared.processed.has(segment.stream.source),
      located: !segment.rewritten,
      sends: way.sends,
    };
    const plain = settings.templates.get(segment.stream, shape, way.key);
    const joinedShape: LogShape = { ...shape, stages: events, joined: true, traceState: '' };
    const joined = joins ? settings.templates.get(segment.stream, joinedShape, way.key) : null;
    this.#fillCells(shared, group, way);
    fill(plain, this.#cells);
    if (joined !== null) fill(joined, this.#cells);

    const meta: LogRunMeta = {
      sourceId: segment.stream.id,
      source: segment.stream.source,
      reason: group.reason,
      outcome: way.outcome,
      startedAtMs: shared.epoch + segment.readAt,
      durationMs,
    };
    const list = rows ?? segment.live;
    const count = list?.length ?? liveCount(segment);
    const links = settings.incoming === 'link' && group.hasContexts;
    const blobs = settings.blobs.needed(batch, links) ? { links } : null;
    let spans = 0;
    for (let done = 0; done < count; ) {
      const part = partOf(segment.first, list, done, Math.min(count - done, this.#rowsPerRun(plain, joined)));
      const run = this.#writeRun(shared, group, part, { plain, joined }, blobs, meta);
      spans += run.spans;
      done += run.rows;
    }
    return { logs: count, spans };
  }

  #fillCells({ batch, epoch, traceId, spanId }: BatchSpans, { segment }: Group, way: Way): void {
    const needed = LogCell.sends + 2 * way.sends.length;
    if (this.#cells.words.length < needed * 2) this.#cells = new Cells(needed * 2);
    const cells = this.#cells;
    cells.setTime(LogCell.readAt, epoch + segment.readAt);
    cells.setTime(LogCell.sealedAt, epoch + batch.sealedAt);
    cells.setTime(LogCell.processedAt, epoch + batch.processedAt);
    cells.setTime(LogCell.endedAt, epoch + way.endedAt);
    cells.setNumber(LogCell.batchId, batch.id);
    cells.setText(LogCell.readText, textOfTime(epoch + segment.readAt));
    cells.setId(LogCell.batchTraceId, traceId);
    cells.setId(LogCell.batchSpanId, spanId);
    let cell: number = LogCell.sends;
    for (const { startedAt, endedAt } of way.sends) {
      cells.setTime(cell++, epoch + startedAt);
      cells.setTime(cell++, epoch + endedAt);
    }
  }

  #rowsPerRun(plain: Template, joined: Template | null): number {
    const bytes = Math.max(plain.bytes.length, joined?.bytes.length ?? 0);
    const most = Math.min(RUN_BYTES, this.#ring.maxRunBytes / RING_SHARE);
    return Math.max(1, Math.floor(Math.min(RUN_SPANS / plain.spans, most / bytes)));
  }

  /** Writes one run, of as many of the rows as there is room for in the blobs. */
  #writeRun(
    { batch, seed, settings, links }: BatchSpans,
    { segment, threshold }: Group,
    part: RowList,
    { plain, joined }: { plain: LogTemplate; joined: LogTemplate | null },
    blobs: { links: boolean } | null,
    meta: LogRunMeta,
  ): { rows: number; spans: number } {
    const filled =
      blobs === null ? { rows: part.count, bytes: 0 } : settings.blobs.fill(batch, part, blobs.links);
    const rows = filled.rows;
    const perRow = Math.max(plain.bytes.length, joined?.bytes.length ?? 0);
    const reserved = this.#ring.reserve(rows * perRow + filled.bytes);
    if (reserved === null) {
      const spans = spansOf(batch, part, rows, plain, joined);
      this.#outlets.lose(spans);
      return { rows, spans };
    }
    const { slot } = batch;
    const first = part.rows === null ? part.first : segment.first;
    const { bytes, spans } = this.#kernel.encodeSpans(
      { slot, first, count: rows, live: part.rows?.subarray(0, rows) ?? null },
      {
        seed,
        threshold,
        hasContexts: joined !== null,
        from: segment.from + (slot.starts[first]! - slot.starts[segment.first]!),
        plain,
        joined,
        useBlobs: blobs !== null,
      },
      { address: this.#ring.region.address + reserved.at, capacity: reserved.capacity },
    );
    const run = this.#ring.commit(
      reserved,
      bytes,
      spans,
      meta,
      plain.scope?.of(batch.id, this.#cells) ?? null,
    );
    this.#link(
      links,
      batch,
      part,
      rows,
      { plain, joined },
      blobs === null ? null : settings.blobs,
      reserved.at,
    );
    this.#outlets.offer(run);
    return { rows, spans };
  }

  /** Notes where the first roots are, so that the batch's span can link to them. */
  #link(
    links: BatchLinks,
    batch: Batch,
    { first, rows: list }: RowList,
    rows: number,
    { plain, joined }: { plain: Template; joined: Template | null },
    blobs: SpanBlobs | null,
    start: number,
  ): void {
    links.total += rows;
    let at = start;
    for (let i = 0; i < rows && links.room > 0; i++) {
      const row = list === null ? first + i : list[i]!;
      const template = joined !== null && hasContext(batch, row) ? joined : plain;
      links.add(this.#ring.region.bytes, at + template.rootAt);
      at += template.bytes.length + (blobs?.lengthOf(row) ?? 0);
    }
  }
}

function partOf(first: number, list: Uint32Array | null, done: number, count: number): RowList {
  return list === null
    ? { first: first + done, count, rows: null }
    : { first, count, rows: list.subarray(done, done + count) };
}

function spansOf(
  batch: Batch,
  part: RowList,
  rows: number,
  plain: Template,
  joined: Template | null,
): number {
  if (joined === null) return rows * plain.spans;
  let spans = 0;
  for (let i = 0; i < rows; i++) {
    const row = part.rows === null ? part.first + i : part.rows[i]!;
    spans += hasContext(batch, row) ? joined.spans : plain.spans;
  }
  return spans;
}
