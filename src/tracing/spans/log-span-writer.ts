/**
 * Writes the spans of traced logs into the ring, as soon as their batch is complete: takes the template for the way they
 * went, fills in the batch's times and ids, and has the kernel copy it once a log. Never looks at a log; what a log adds
 * of its own comes through span-blobs.ts. Called by the tracer.
 */
import type { Kernel } from '../../kernel/kernel.ts';
import type { IdSeed } from '../../kernel/trace-ids.ts';
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
import { divideByContext, partOf, type RowList } from './row-list.ts';
import type { SpanBlobs } from './span-blobs.ts';
import { deflatedBound, encodeDeflated, encodePlain, type RunSource, sharesPositions } from './span-run.ts';
import { Cells, fill } from './span-template.ts';
import type { Way } from './ways.ts';

/** Runs take at most this part of what the ring can take as one: what is left over at the end of its zones is less. */
const RING_SHARE = 4;
/** Of the spans of a run when they are not compressed. */
const RUN_BYTES = 2 ** 20;
/** Logs below which compressing a run costs more than it saves: its first log stays as it is, and tables are put in place. */
const MIN_DEFLATED = 16;

/** Under what settings the logs of a batch were chosen: their spans are written under the same. */
export interface SpanSettings {
  readonly mode: Mode;
  readonly compact: boolean;
  readonly incoming: 'parent' | 'link' | 'ignore';
  /** Log traces that took less than this are not written. */
  readonly shorterThanMs: number;
  /** Spans in a run, at most: as many as every exporter sends at once. */
  readonly runSpans: number;
  /** Whether nobody who is offered spans wants them as they are. */
  readonly deflates: boolean;
  readonly templates: LogTemplates;
  readonly blobs: SpanBlobs;
}

/** What the spans of a batch share. */
export interface BatchSpans {
  readonly batch: Batch;
  readonly ids: IdSeed;
  readonly settings: SpanSettings;
  /** Milliseconds since 1970 of monotonic 0. */
  readonly epoch: number;
  /** Of the batch's own trace: four and two words. */
  readonly traceId: Uint32Array;
  readonly spanId: Uint32Array;
  readonly links: BatchLinks;
  /** Sources on whose logs processors worked. */
  readonly processed: readonly string[];
}

export interface Written {
  readonly logs: number;
  readonly spans: number;
}

const NOTHING: Written = { logs: 0, spans: 0 };

export interface LogSpanWriterOptions {
  readonly kernel: Pick<Kernel, 'encodeSpans' | 'spans'>;
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
    if (durationMs < settings.shorterThanMs) return NOTHING;

    this.#fillCells(shared, group, way);
    const meta: LogRunMeta = {
      sourceId: segment.stream.id,
      source: segment.stream.source,
      reason: group.reason,
      outcome: way.outcome,
      startedAtMs: shared.epoch + segment.readAt,
      durationMs,
    };
    const list = rows ?? segment.live;
    const all: RowList = { first: segment.first, count: list?.length ?? liveCount(segment), rows: list };
    const contexts = settings.incoming === 'parent' ? group.contexts : 'none';
    const [own, joined] = divideByContext(batch, all, contexts);
    let spans = 0;
    if (own !== null) spans += this.#writeRuns(shared, group, own, false, way, meta);
    if (joined !== null) spans += this.#writeRuns(shared, group, joined, true, way, meta);
    return { logs: all.count, spans };
  }

  #shapeOf(
    { settings, processed }: BatchSpans,
    { segment, reason, traceState, note }: Group,
    way: Way,
    joined: boolean,
  ): LogShape {
    // Where every log has a span, what they share is said once a batch: their cost is that of their bytes.
    const scoped = settings.mode === 'full-e2e';
    const events = scoped && settings.compact ? 'scope' : 'events';
    return {
      mode: settings.mode,
      reason,
      traceState: joined ? '' : traceState,
      note,
      outcome: way.outcome,
      failure: way.failure,
      stages: settings.compact || joined ? events : 'spans',
      scoped,
      joined,
      processed: processed.includes(segment.stream.source),
      located: !segment.rewritten,
      sends: way.sends,
    };
  }

  #fillCells({ batch, ids, epoch, traceId, spanId }: BatchSpans, { segment }: Group, way: Way): void {
    const needed = LogCell.sends + 2 * way.sends.length;
    if (this.#cells.words.length < needed * 2) this.#cells = new Cells(needed * 2);
    const cells = this.#cells;
    cells.setTime(LogCell.readAt, epoch + segment.readAt);
    cells.setTime(LogCell.sealedAt, epoch + batch.sealedAt);
    cells.setTime(LogCell.processedAt, epoch + batch.processedAt);
    cells.setTime(LogCell.endedAt, epoch + way.endedAt);
    cells.setNumber(LogCell.batchId, batch.id);
    cells.setId(LogCell.batchTraceId, traceId);
    cells.setId(LogCell.batchSpanId, spanId);
    cells.setBigEndian(LogCell.idPrefix, ids.prefix);
    let cell: number = LogCell.sends;
    for (const { startedAt, endedAt } of way.sends) {
      cells.setTime(cell++, epoch + startedAt);
      cells.setTime(cell++, epoch + endedAt);
    }
  }

  /** Writes the spans of logs that all joined a trace from elsewhere, or all did not; returns how many spans. */
  #writeRuns(
    shared: BatchSpans,
    group: Group,
    list: RowList,
    joined: boolean,
    way: Way,
    meta: LogRunMeta,
  ): number {
    const { batch, settings, ids, links } = shared;
    const { segment, threshold } = group;
    const shape = this.#shapeOf(shared, group, way, joined);
    const template = settings.templates.get(segment.stream, shape);
    // Part of the uid, which logs with a scope do without.
    if (!shape.scoped) this.#cells.setText(LogCell.readText, textOfTime(shared.epoch + segment.readAt));
    fill(template, this.#cells);
    const scope = template.scope?.of(batch.id, this.#cells) ?? null;
    const linksBack = settings.incoming === 'link' && group.contexts !== 'none';
    const blobs = settings.blobs.needed(batch, linksBack) ? settings.blobs : null;
    const { slot } = batch;
    for (let done = 0; done < list.count; ) {
      let part = partOf(list, done, Math.min(list.count - done, this.#rowsPerRun(settings, template)));
      let blobBytes = 0;
      if (blobs !== null) {
        const filled = blobs.fill(batch, part, linksBack);
        part = partOf(part, 0, filled.rows);
        blobBytes = filled.bytes;
      }
      done += part.count;
      const { first, count, rows } = part;
      const selection = { slot, first, count, live: rows };
      const from = segment.from + (slot.starts[first]! - slot.starts[segment.first]!);
      const source: RunSource = { selection, seed: ids.seed, threshold, from };
      links.add(selection, { ids, threshold, joined });
      this.#writeRun(source, template, blobs !== null ? blobBytes : null, settings.deflates, { meta, scope });
    }
    return list.count * template.spans;
  }

  #rowsPerRun({ runSpans }: SpanSettings, { spans, bytes }: LogTemplate): number {
    const most = Math.min(RUN_BYTES, this.#ring.maxRunBytes / RING_SHARE);
    return Math.max(1, Math.floor(Math.min(runSpans / spans, most / bytes.length)));
  }

  /** @param blobBytes of all its logs; null: they have none. */
  #writeRun(
    source: RunSource,
    template: LogTemplate,
    blobBytes: number | null,
    deflates: boolean,
    { meta, scope }: { meta: LogRunMeta; scope: Buffer | null },
  ): void {
    const { live, count } = source.selection;
    const rows = live?.length ?? count;
    const spans = rows * template.spans;
    const compresses = deflates && blobBytes === null && rows >= MIN_DEFLATED;
    const form = compresses ? template.deflated() : null;
    const fits = form !== null && (form.sharedAt < 0 || sharesPositions(source));
    const deflated = fits ? form : null;
    const bound =
      deflated === null
        ? rows * template.bytes.length + (blobBytes ?? 0)
        : deflatedBound(rows, template.bytes.length, deflated);
    const reserved = this.#ring.reserve(bound);
    if (reserved === null) {
      this.#outlets.lose(spans);
      return;
    }
    const run =
      deflated === null
        ? {
            bytes: encodePlain(this.#kernel, source, template, blobBytes !== null, reserved),
            deflated: null,
          }
        : encodeDeflated(this.#kernel, source, { template, deflated }, reserved);
    this.#outlets.offer(
      this.#ring.commit(reserved, run.bytes, spans, meta, { scope, deflated: run.deflated }),
    );
  }
}
