import { createReadStream, createWriteStream } from 'node:fs';
import { rename, unlink } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** Replaces a file by its gzip, streaming. At every moment either the file or a complete `.gz` is there. */

/** End of the name of an unfinished result. */
export const TEMPORARY = '.gz.tmp';

/** Level 1 takes half the CPU of level 6 (789 against 1,589 ns a line of 178 bytes) for somewhat larger files. */
const LEVEL = 1;
const FILE_MODE = 0o640;

/** `path` becomes `path.gz`. Rejects with system errors, or when aborted; then `path` is untouched. */
export async function compress(path: string, signal: AbortSignal): Promise<void> {
  const temporary = path + TEMPORARY;
  try {
    await pipeline(
      createReadStream(path, { highWaterMark: 262_144 }),
      createGzip({ level: LEVEL, chunkSize: 65_536 }),
      // `flush`: on the disk before the original is deleted.
      createWriteStream(temporary, { flags: 'w', mode: FILE_MODE, flush: true }),
      { signal },
    );
    await rename(temporary, `${path}.gz`);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  await unlink(path);
}
