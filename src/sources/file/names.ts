/**
 * Names of files are bytes, paths in this folder are text. A byte that is not part of UTF-8 is carried in the text as
 * the lone surrogate U+DC00 + byte (the idea of Python's PEP 383), so that every file can be named, found again and
 * opened. Called wherever a path comes from the file system or goes to it.
 */
import { isUtf8 } from 'node:buffer';

const ESCAPE = 0xdc00;

/** The text that stands for a name. */
export function nameFromBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString();
  let name = '';
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes[at]!);
    const sequence = bytes.subarray(at, at + length);
    if (length > 0 && isUtf8(sequence)) {
      name += sequence.toString();
      at += length;
    } else name += String.fromCharCode(ESCAPE + bytes[at++]!);
  }
  return name;
}

/** What calls of the file system take for the path. */
export function systemPath(path: string): string | Buffer {
  if (path.isWellFormed()) return path;
  const parts = path
    .split(/([\udc80-\udcff])/u)
    .map((part) => (part.isWellFormed() ? Buffer.from(part) : Buffer.from([part.charCodeAt(0) - ESCAPE])));
  return Buffer.concat(parts);
}

/** The path for people and sinks: `\xff` for a byte that is not part of UTF-8. */
export function shownPath(path: string): string {
  if (path.isWellFormed()) return path;
  return path.replaceAll(
    /[\udc80-\udcff]/gu,
    (escaped) => `\\x${(escaped.charCodeAt(0) - ESCAPE).toString(16)}`,
  );
}

/** Length of the UTF-8 sequence (RFC 3629) that the byte begins; 0: it begins none. */
function sequenceLength(byte: number): number {
  if (byte < 0x80) return 1;
  if (byte < 0xc2) return 0;
  if (byte < 0xe0) return 2;
  if (byte < 0xf0) return 3;
  return byte < 0xf5 ? 4 : 0;
}
