import type { Kernel } from '../../kernel/kernel.ts';
import type { Batch } from '../../record/batch.ts';
import { ContextRow } from '../../record/traced.ts';

/**
 * Finds the W3C contexts that logs carry in their text, for sources whose text may hold one. Fills the slot's `contexts`
 * column and `batch.hasContexts`. Called by the tracer before logs are chosen; never in modes that trace no log.
 */
export class ContextReader {
  readonly #kernel: Pick<Kernel, 'extractContexts'>;
  readonly #carries: (source: string) => boolean;

  /** @param carries whether logs of a configured source may hold a context. */
  constructor(kernel: Pick<Kernel, 'extractContexts'>, carries: (source: string) => boolean) {
    this.#kernel = kernel;
    this.#carries = carries;
  }

  read(batch: Batch): void {
    const { slot, segments } = batch;
    if (!segments.some(({ stream }) => this.#carries(stream.source))) return;
    let found = 0;
    for (const { stream, first, count } of segments) {
      if (this.#carries(stream.source)) {
        found += this.#kernel.extractContexts({ slot, first, count, live: null });
      } else {
        for (let row = first; row < first + count; row++) {
          slot.contexts[row * ContextRow.size + ContextRow.present] = 0;
        }
      }
    }
    batch.hasContexts = found > 0;
  }
}
