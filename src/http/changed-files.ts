/**
 * Tells when files have changed: certificates and tokens, which are replaced while the agent runs. Looks at them now and
 * then instead of being told by the system, which would miss links that are re-pointed (as Kubernetes does). Used by
 * server.ts.
 */
import { stat } from 'node:fs/promises';
import type { Clock } from '../component/clock.ts';

/** How often, in milliseconds. */
const EVERY_MS = 10_000;

/**
 * Calls `changed` when any of the files is another than before, and at the first look, for what was read at the start
 * may have been replaced since. It must not throw.
 * @returns a function that ends it.
 */
export function watchFiles(
  files: readonly string[],
  clock: Pick<Clock, 'after'>,
  changed: (isFirst: boolean) => void,
): () => void {
  if (files.length === 0) return () => {};
  let seen: string | undefined;
  let ended = false;
  let cancel = () => {};
  const look = async () => {
    const now = await identities(files);
    if (ended) return;
    if (now !== seen) changed(seen === undefined);
    seen = now;
    cancel = clock.after(EVERY_MS, () => void look());
  };
  cancel = clock.after(EVERY_MS, () => void look());
  return () => {
    ended = true;
    cancel();
  };
}

/** What tells each file from others in its place; one that is missing for a moment is like another. */
async function identities(files: readonly string[]): Promise<string> {
  const stats = await Promise.all(files.map((file) => stat(file).catch(() => null)));
  return stats.map((each) => (each === null ? '-' : `${each.ino} ${each.size} ${each.mtimeMs}`)).join(', ');
}
