import type { Kernel } from '../../kernel/kernel.ts';
import type { Batch } from '../../record/batch.ts';
import type { Segment } from '../../record/segment.ts';
import { ContextRow } from '../../record/traced.ts';

/**
 * Gathers the W3C contexts that came with logs: those that their source took from its protocol (`segment.hasContexts`),
 * and those in the text of sources whose text may hold one, which go before. Fills the slot's `contexts` column and
 * `batch.hasContexts`. Called by the tracer before logs are chosen; never in modes that trace no log.
 */
export class ContextReader {
  readonly #kernel: Pick<Kernel, 'extractContexts'>;
  readonly #carries: (source: string) => boolean;

  /** @param carries whether logs of a configured source may hold a context in their text. */
  constructor(kernel: Pick<Kernel, 'extractContexts'>, carries: (source: string) => boolean) {
    this.#kernel = kernel;
    this.#carries = carries;
  }

  read(batch: Batch): void {
    const { segments } = batch;
    if (!segments.some((segment) => segment.hasContexts || this.#carries(segment.stream.source))) return;
    batch.hasContexts = false;
    for (const segment of segments) {
      if (this.#fill(batch, segment)) batch.hasContexts = true;
    }
  }

  /** Fills the rows of one segment; returns whether one of them has a context. */
  #fill({ slot }: Batch, segment: Segment): boolean {
    const { first, count } = segment;
    const rows = slot.contexts.subarray(first * ContextRow.size, (first + count) * ContextRow.size);
    if (!this.#carries(segment.stream.source)) {
      if (segment.hasContexts) return hasContext(rows);
      for (let at = 0; at < rows.length; at += ContextRow.size) rows[at + ContextRow.present] = 0;
      return false;
    }
    const given = segment.hasContexts ? rows.slice() : null;
    const found = this.#kernel.extractContexts({ slot, first, count, live: null });
    if (given === null || found === count) return found > 0;
    for (let at = 0; at < rows.length; at += ContextRow.size) {
      if (rows[at + ContextRow.present] === 0) {
        rows.set(given.subarray(at, at + ContextRow.size), at);
      }
    }
    return found > 0 || hasContext(given);
  }
}

function hasContext(rows: Uint8Array): boolean {
  for (let at = ContextRow.present; at < rows.length; at += ContextRow.size) {
    if (rows[at] === 1) return true;
  }
  return false;
}
