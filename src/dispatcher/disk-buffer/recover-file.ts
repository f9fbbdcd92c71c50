/**
 * Looks through a file of a buffer that an earlier run left: where its intact part ends, and what it holds that was not
 * delivered. Damage is reported and passed over. Called when a buffer is opened.
 */
import { stat } from 'node:fs/promises';
import type { Logger } from '../../component/logger.ts';
import type { BufferFile } from './buffer-file.ts';
import type { Damage } from './damage.ts';
import { intactFrame } from './decode.ts';
import { holdingsOf } from './holdings.ts';

export interface RecoverOptions {
  readonly folder: string;
  readonly log: Logger;
  readonly damage: Damage;
  /** Frames with lower numbers were delivered. */
  readonly doneBefore: number;
}

/** Sets the file's size, and what of it is unread. Returns the number behind that of its last frame; 0: it has none. */
export async function recoverFile(
  file: BufferFile,
  { folder, log, damage, doneBefore }: RecoverOptions,
): Promise<number> {
  let behind = 0;
  file.complete = true;
  file.size = (await stat(file.path)).size;
  for (let at = 0; ; ) {
    const scanned = await file.scan(at);
    if (scanned.kind === 'end') break;
    if (scanned.kind === 'torn') {
      log.info(
        { folder, file: file.path, bytes: file.size - at },
        'the end of a file of the disk buffer was not written when the agent ended; it was not acknowledged',
      );
      file.size = at;
      break;
    }
    const from = at;
    at = scanned.next;
    if (scanned.kind === 'damage' || scanned.kind === 'truncated') {
      damage.note(file, at - from, scanned.kind === 'damage' ? scanned.records : null);
      continue;
    }
    const { header } = scanned;
    behind = Math.max(behind, header.number + 1);
    if (header.number < doneBefore) continue;
    const frame = intactFrame(scanned.payload, header);
    if (frame !== undefined) file.unread.add(holdingsOf(frame.head));
  }
  file.scanned = true;
  await file.closeReader();
  return behind;
}
