/** Lets a file grow at a steady rate instead of putting it in place at once. Called by run.ts. */
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Work } from '../measure.ts';

const STEPS_PER_SECOND = 20;

/** Ends pieces anywhere, in the middle of lines too, as a program that writes logs does. */
export function pacedFeed(bytesPerSecond: number): NonNullable<Work['feed']> {
  return async (corpus, input) => {
    const [from, to] = [await open(corpus.path), await open(input, 'a')];
    try {
      const piece = Buffer.alloc(Math.ceil(bytesPerSecond / STEPS_PER_SECOND));
      const start = performance.now();
      for (let step = 1; ; step++) {
        const { bytesRead } = await from.read(piece);
        if (bytesRead === 0) return;
        await to.appendFile(piece.subarray(0, bytesRead));
        await sleep(Math.max(0, start + (step * 1000) / STEPS_PER_SECOND - performance.now()));
      }
    } finally {
      await Promise.all([from.close(), to.close()]);
    }
  };
}
