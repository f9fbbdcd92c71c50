/**
 * Reads whole lines of a file. Needs memory for the longest line only. Used for dead-letter files, by the agent and by
 * the command line.
 */
import type { FileHandle } from 'node:fs/promises';

export interface Line {
  /** Without its line feed; valid until the next line is asked for. */
  readonly bytes: Buffer;
  /** Where it begins in the file, and where the next one does. */
  readonly from: number;
  readonly to: number;
}

/** How much is read at once, in bytes. */
const READ_BYTES = 256 * 1024;
const LF = 0x0a;

/** Lines that begin before `end` and end with a line feed; what follows the last line feed is no line. */
export async function* readLines(
  file: FileHandle,
  end = Number.POSITIVE_INFINITY,
): AsyncGenerator<Line, void> {
  let buffer = Buffer.alloc(READ_BYTES);
  let held = 0;
  /** Position of the buffer's first byte. */
  let at = 0;
  while (at < end) {
    if (held === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2);
    const { bytesRead } = await file.read(buffer, held, buffer.length - held, at + held);
    if (bytesRead === 0) return;
    const searchFrom = held;
    held += bytesRead;
    let begin = 0;
    let lf = buffer.subarray(0, held).indexOf(LF, searchFrom);
    while (lf >= 0 && at + begin < end) {
      yield { bytes: buffer.subarray(begin, lf), from: at + begin, to: at + lf + 1 };
      begin = lf + 1;
      lf = buffer.subarray(0, held).indexOf(LF, begin);
    }
    buffer.copyWithin(0, begin, held);
    held -= begin;
    at += begin;
  }
}
