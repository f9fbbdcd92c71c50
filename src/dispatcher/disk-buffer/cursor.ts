/**
 * Remembers up to which frame a buffer has been delivered: `cursor`, a line with a checksum and the number of the first
 * frame that is not done. Damage, or a crash before it was written, only sends again what was sent already.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

export async function readCursor(folder: string): Promise<number> {
  const text = await readFile(join(folder, 'cursor'), 'utf8').catch(() => '');
  const match = /^([0-9a-f]{8}) (\d{1,15})\n$/.exec(text);
  return match !== null && checksum(match[2]!) === match[1] ? Number(match[2]) : 0;
}

export async function writeCursor(folder: string, frame: number): Promise<void> {
  const path = join(folder, 'cursor');
  await writeFile(`${path}.tmp`, `${checksum(String(frame))} ${frame}\n`);
  await rename(`${path}.tmp`, path);
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
