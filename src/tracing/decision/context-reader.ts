import type { Kernel } from '../../kernel/kernel.ts';
import type { Batch } from '../../record/batch.ts';
import type { Segment } from '../../record/segment.ts';
import { ContextRow } from '../../record/traced.ts';

/** How many of some logs came with a context. */
export type Contexts = 'none' | 'some' | 'all';

/**
 * Reads the W3C contexts that came with logs into the slot's `contexts` column: those in the text of sources whose text may hold
 * one, and, where there is none, those that the source or a processor put there. Looking into text costs more
 * than all else that tracing does for a log, so only logs are read that are traced or whose context decides whether they
 * are. Called while logs are chosen, and for those that are kept after the fact; never in modes that trace no log.
 */
export class ContextReader {
  readonly #kernel: Pick<Kernel, 'extractContexts' | 'maySaySampled'>;
  readonly #carries: (source: string) => boolean;

  /** @param carries whether logs of a configured source may hold a context in their text. */
  constructor(
    kernel: Pick<Kernel, 'extractContexts' | 'maySaySampled'>,
    carries: (source: string) => boolean,
  ) {
    this.#kernel = kernel;
    this.#carries = carries;
  }

  /** Reads all logs of the segment if one of them may say whether its trace is sampled; returns whether it has. */
  readSampled(batch: Batch, segment: Segment): boolean {
    const { first, count, stream } = segment;
    if (isGiven(batch, segment)) return this.read(batch, segment, null) !== 'none';
    if (!this.#carries(stream.source)) return false;
    const all = { slot: batch.slot, first, count, live: null };
    return this.#kernel.maySaySampled(all) && this.read(batch, segment, null) !== 'none';
  }

  /**
   * Reads these logs of the segment, null: all; may be called for the same ones again. Returns how many have a context.
   * @param carries whether their text may hold one; where it is not now that is asked for, but when they were processed.
   */
  read(
    batch: Batch,
    segment: Segment,
    rows: Uint32Array | null,
    carries: boolean = this.#carries(segment.stream.source),
  ): Contexts {
    const { slot } = batch;
    const { first, count } = segment;
    const given = isGiven(batch, segment);
    const total = rows?.length ?? count;
    if (!carries) {
      return given ? share(countContexts(slot.contexts, segment, rows), total) : 'none';
    }
    const contexts = slot.contexts.subarray(first * ContextRow.size, (first + count) * ContextRow.size);
    const before = given ? contexts.slice() : null;
    const found = this.#kernel.extractContexts({ slot, first, count, live: rows });
    if (before === null || found === total) return share(found, total);
    for (let at = 0; at < contexts.length; at += ContextRow.size) {
      if (contexts[at + ContextRow.present] === 0) {
        contexts.set(before.subarray(at, at + ContextRow.size), at);
      }
    }
    return share(countContexts(slot.contexts, segment, rows), total);
  }
}

/** Whether the column is filled for all logs of the segment before their text is looked at. */
function isGiven(batch: Batch, segment: Segment): boolean {
  return batch.hasContexts || segment.hasContexts === true;
}

function share(found: number, total: number): Contexts {
  if (found === 0) return 'none';
  return found === total ? 'all' : 'some';
}

function countContexts(contexts: Uint8Array, { first, count }: Segment, rows: Uint32Array | null): number {
  const total = rows?.length ?? count;
  let found = 0;
  for (let i = 0; i < total; i++) {
    const row = rows === null ? first + i : rows[i]!;
    if (contexts[row * ContextRow.size + ContextRow.present] === 1) found++;
  }
  return found;
}
