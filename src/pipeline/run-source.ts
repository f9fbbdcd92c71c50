import type { Clock } from '../component/clock.ts';
import type { Logger } from '../component/logger.ts';
import type { Intake, Source } from '../component/source.ts';

/** Pauses between restarts of a source that failed, in milliseconds. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Runs a source to its end. One that fails is logged and run again after a growing pause: the trouble of one source
 * (a missing device, a port in use) is no reason to stop the others.
 */
export async function runSource(
  source: Source,
  options: { id: string; intake: Intake; signal: AbortSignal; clock: Clock; log: Logger },
): Promise<void> {
  const { id, intake, signal, clock, log } = options;
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    try {
      await source.run(intake, signal);
      return;
    } catch (error) {
      if (signal.aborted) return;
      log.error({ err: error, source: id, retry_in_ms: pauseMs }, 'source failed, will start again');
    }
    await clock.sleep(pauseMs, signal).catch(() => {});
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}
