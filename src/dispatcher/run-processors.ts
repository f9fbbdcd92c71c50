import type { Logger } from '../component/logger.ts';
import type { Processor } from '../component/processor.ts';
import type { Batch } from '../record/batch.ts';
import type { Segment } from '../record/segment.ts';

/** Runs a source's processors on a segment, and notes which of them removed records. */
export function runProcessors(
  processors: readonly Processor[],
  batch: Batch,
  segment: Segment,
  log: Logger,
): void {
  for (const [step, processor] of processors.entries()) {
    const before = segment.live;
    try {
      processor.process(batch, segment);
    } catch (error) {
      // A processor must not throw; if one does, its logs go on unprocessed rather than be lost.
      log.error({ err: error, source: segment.stream.source }, 'a processor failed; its logs pass on');
    }
    if (segment.live === null || segment.live === before) continue;
    segment.removals ??= [];
    segment.removals.push({ by: processor.label ?? `processor ${step + 1}`, live: segment.live });
  }
}
