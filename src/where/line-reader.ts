/**
 * Finds lines in a file: by number, by position, by text. Reads in pieces of one size, so its memory is bounded whatever
 * the file's size; synchronously, because it runs in a thread of its own (line-thread.ts). Never writes, and never gives
 * a line's text away.
 */
import { fstatSync, readSync } from 'node:fs';

export interface Line {
  /** Position of its first byte, and behind its terminator (or the end of the file). */
  readonly offset: number;
  readonly end: number;
  /** Whether it has a terminator: else it is still being written, or the file's last. */
  readonly terminated: boolean;
}

const LF = 0x0a;
const CHUNK = 1 << 20;

export class LineReader {
  readonly size: number;
  readonly #fd: number;
  readonly #buffer: Buffer;

  /** @param chunk bytes read at once; for tests. @throws errors of fstat(2). */
  constructor(fd: number, chunk = CHUNK) {
    this.#fd = fd;
    this.#buffer = Buffer.allocUnsafe(chunk);
    this.size = fstatSync(fd).size;
  }

  /** The n-th line, from 1, of those from position `from` on, where a line begins; null: there are fewer. */
  lineNumber(n: number, from = 0): Line | null {
    let left = n - 1;
    if (left === 0) return this.lineAt(from);
    for (let at = from; at < this.size; ) {
      const bytes = this.#read(at);
      if (bytes.length === 0) break;
      for (let lf = bytes.indexOf(LF); lf !== -1; lf = bytes.indexOf(LF, lf + 1)) {
        if (--left === 0) return this.lineAt(at + lf + 1);
      }
      at += bytes.length;
    }
    return null;
  }

  /** How many lines there are, an unfinished last one included. */
  countLines(): number {
    if (this.size === 0) return 0;
    const [ends] = this.countTerminators(0, [this.size]);
    return ends! + (this.lineAt(this.size - 1)?.terminated === true ? 0 : 1);
  }

  /** The line that the byte at this position belongs to; null: the file ends before it. */
  lineAt(position: number): Line | null {
    if (position >= this.size) return null;
    let offset = 0;
    for (let end = position; end > 0; ) {
      const from = Math.max(0, end - this.#buffer.length);
      const bytes = this.#read(from, end - from);
      const lf = bytes.lastIndexOf(LF);
      if (lf !== -1) {
        offset = from + lf + 1;
        break;
      }
      end = from;
    }
    for (let at = position; at < this.size; ) {
      const bytes = this.#read(at);
      if (bytes.length === 0) break;
      const lf = bytes.indexOf(LF);
      if (lf !== -1) return { offset, end: at + lf + 1, terminated: true };
      at += bytes.length;
    }
    return { offset, end: this.size, terminated: false };
  }

  /**
   * Lines that contain the text, the last one first. `limit`: most lines; `budget`: most bytes to look through.
   * `complete`: there are no others.
   */
  linesWith(text: Buffer, limit: number, budget: number): { lines: Line[]; complete: boolean; read: number } {
    const lines: Line[] = [];
    const overlap = text.length - 1;
    const step = Math.max(1, this.#buffer.length - overlap);
    let read = 0;
    /** Nothing at or behind this position is of interest: the line found last begins there. */
    let before = this.size;
    for (let end = this.size; end > 0; end -= step) {
      if (read >= budget) return { lines, complete: false, read };
      const from = Math.max(0, end - step);
      const bytes = this.#read(from, Math.min(this.size, end + overlap) - from);
      read += bytes.length;
      const hits: number[] = [];
      for (let hit = bytes.indexOf(text); hit !== -1; hit = bytes.indexOf(text, hit + 1))
        hits.push(from + hit);
      for (const hit of hits.reverse()) {
        if (hit >= before) continue;
        if (lines.length >= limit) return { lines, complete: false, read };
        const line = this.lineAt(hit)!;
        lines.push(line);
        before = line.offset;
      }
    }
    return { lines, complete: true, read };
  }

  /** For each of the ascending positions, how many line terminators lie between `from` and it. */
  countTerminators(from: number, positions: readonly number[]): number[] {
    const counts: number[] = [];
    let count = 0;
    let at = from;
    for (const position of positions) {
      while (at < position) {
        const bytes = this.#read(at, position - at);
        if (bytes.length === 0) break;
        for (let lf = bytes.indexOf(LF); lf !== -1; lf = bytes.indexOf(LF, lf + 1)) count++;
        at += bytes.length;
      }
      counts.push(count);
    }
    return counts;
  }

  #read(at: number, length = this.#buffer.length): Buffer {
    const bytes = readSync(this.#fd, this.#buffer, 0, Math.min(length, this.#buffer.length), at);
    return this.#buffer.subarray(0, bytes);
  }
}
