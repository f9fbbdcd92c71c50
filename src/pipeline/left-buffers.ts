/**
 * Says in the log which disk buffers belong to no sink of the configuration any more: nobody delivers what is in them.
 * Changes nothing. Called by the pipeline when it opens.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../component/logger.ts';

/** @param sinks ids of the configured sinks; each has the folder of its name below `folder`. */
export async function warnOfLeftBuffers(
  folder: string,
  sinks: ReadonlySet<string>,
  log: Logger,
): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const sink of names.filter((name) => !sinks.has(name))) {
    const files = (await readdir(join(folder, sink)).catch(() => [])).filter((name) => name.endsWith('.buf'));
    if (files.length === 0) continue;
    log.warn(
      { sink, folder: join(folder, sink), files: files.length },
      'a disk buffer holds logs for a sink that is not configured; configure the sink to deliver them, or delete the folder',
    );
  }
}
