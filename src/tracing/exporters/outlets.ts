/**
 * The exporters of this agent, and what became of every span made since each was attached:
 * created = exported + dropped + queued, for each. The tracer offers runs here; exporters come and go with the settings.
 */
import type { Clock } from '../../component/clock.ts';
import type { Logger } from '../../component/logger.ts';
import type { Run } from '../store/run.ts';
import { ComplaintLog } from './complaint-log.ts';
import type { ExporterStatus, SpanDropReason, SpanExporter } from './exporter.ts';

interface Outlet {
  readonly exporter: SpanExporter;
  /** Spans made since it was attached. */
  created: number;
  /** Spans that never reached it, because the ring had no room or because it failed to take them. */
  lost: number;
  failed: number;
}

export interface OutletStatus extends ExporterStatus {
  /** Spans made since the exporter was attached. */
  readonly created_spans: number;
}

export type Dropped = Readonly<Record<SpanDropReason, number>>;

export class Outlets {
  readonly #log: Logger;
  readonly #complaints: ComplaintLog;
  #outlets: Outlet[] = [];
  /** Of exporters that are detached: still sending what they were given, or done. */
  readonly #closing = new Set<Outlet>();
  #exportedBefore = 0;
  readonly #droppedBefore = { queue_full: 0, export_failed: 0, shutdown: 0 };

  constructor(exporters: readonly SpanExporter[], log: Logger, clock: Clock) {
    this.#log = log;
    this.#complaints = new ComplaintLog(log, clock, {});
    this.#outlets = exporters.map(outletOf);
  }

  /**
   * Attaches other exporters; those already here stay as they are. Resolves when the ones that went have sent or dropped
   * what they had, at the latest after `deadlineMs`.
   */
  async replace(exporters: readonly SpanExporter[], deadlineMs: number): Promise<void> {
    const before = this.#outlets;
    this.#outlets = exporters.map(
      (exporter) => before.find((outlet) => outlet.exporter === exporter) ?? outletOf(exporter),
    );
    await this.#close(
      before.filter((outlet) => !this.#outlets.includes(outlet)),
      deadlineMs,
    );
  }

  /** Gives every span away within the deadline or drops it. Safe twice. */
  async shutdown(deadlineMs: number): Promise<void> {
    await Promise.all(this.#outlets.map(({ exporter }) => exporter.shutdown(deadlineMs)));
  }

  offer(run: Run): void {
    for (const outlet of this.#outlets) {
      outlet.created += run.spans;
      try {
        outlet.exporter.offer(run);
      } catch (error) {
        // It must not throw; if it does, its spans are lost but no log is.
        outlet.failed += run.spans;
        this.#log.error({ err: error }, 'a span exporter failed to take spans');
      }
    }
  }

  /** Counts spans that were made but found no room in the ring. */
  lose(spans: number): void {
    for (const outlet of this.#outlets) {
      outlet.created += spans;
      outlet.lost += spans;
    }
    this.#complaints.warn(
      'spans are dropped: exporters hold all of tracing.store.memory; make it larger, or trace less',
      { dropped_spans: this.totals().dropped.queue_full },
    );
  }

  status(): OutletStatus[] {
    return this.#outlets.map(statusOf);
  }

  /** Over all exporters since the start. */
  totals(): { exported: number; dropped: Dropped; queued: number } {
    const dropped = { ...this.#droppedBefore };
    let exported = this.#exportedBefore;
    let queued = 0;
    for (const outlet of [...this.#outlets, ...this.#closing]) {
      const status = statusOf(outlet);
      exported += status.exported_spans;
      queued += status.queued_spans;
      addTo(dropped, status.dropped_spans);
    }
    return { exported, dropped, queued };
  }

  async #close(outlets: readonly Outlet[], deadlineMs: number): Promise<void> {
    for (const outlet of outlets) this.#closing.add(outlet);
    await Promise.all(
      outlets.map(async (outlet) => {
        await outlet.exporter.shutdown(deadlineMs);
        const { exported_spans, dropped_spans } = statusOf(outlet);
        this.#exportedBefore += exported_spans;
        addTo(this.#droppedBefore, dropped_spans);
        this.#closing.delete(outlet);
      }),
    );
  }
}

function outletOf(exporter: SpanExporter): Outlet {
  return { exporter, created: 0, lost: 0, failed: 0 };
}

function statusOf({ exporter, created, lost, failed }: Outlet): OutletStatus {
  const status = exporter.status();
  const { queue_full, export_failed, shutdown } = status.dropped_spans;
  return {
    ...status,
    created_spans: created,
    dropped_spans: { queue_full: queue_full + lost, export_failed: export_failed + failed, shutdown },
  };
}

function addTo(sums: Record<SpanDropReason, number>, added: Dropped): void {
  sums.queue_full += added.queue_full;
  sums.export_failed += added.export_failed;
  sums.shutdown += added.shutdown;
}
