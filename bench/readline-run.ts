/** One measured run of the yardstick. Called by run.ts. */
import { join } from 'node:path';
import { firstJson, startChild } from './child.ts';
import type { Corpus } from './corpora.ts';
import type { Sample } from './measure.ts';

/** @throws when it did not see every line. */
export async function runReadline(corpus: Corpus): Promise<Sample> {
  const folder = import.meta.dirname;
  const child = await startChild(process.execPath, [join(folder, 'readline-child.ts'), corpus.path], {
    cwd: folder,
  });
  try {
    const { lines, ...sample } = await firstJson<Sample & { lines: number }>(child);
    if (lines !== corpus.lines) throw new Error(`readline saw ${lines} of ${corpus.lines} lines`);
    return sample;
  } finally {
    await child.stop();
  }
}
