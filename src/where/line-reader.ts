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

/** The text of a number: as many digits as a safe integer has, and what ends it. */
const NUMBER = /^\d{1,16}(?=\D)/;
const NUMBER_BYTES = 17;

/** A reader has read as much as it may. */
export class BudgetSpent extends Error {
  override readonly name = 'BudgetSpent';
}

export class LineReader {
  readonly size: number;
  /** In all, also what was read twice. */
  bytesRead = 0;
  readonly #fd: number;
  readonly #buffer: Buffer;
  readonly #budget: number;

  /**
   * @param chunk bytes read at once; for tests.
   * @param budget most bytes to read, to within a chunk; all but `linesWith` throw BudgetSpent behind it.
   * @throws errors of fstat(2).
   */
  constructor(fd: number, { chunk = CHUNK, budget = Number.POSITIVE_INFINITY } = {}) {
    this.#fd = fd;
    this.#buffer = Buffer.allocUnsafe(chunk);
    this.#budget = budget;
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
   * Lines that contain the text, the last one first. `limit`: most lines. `complete`: there are no others.
   * @param numbers only lines where one of these, from 0 to 2^53 - 1, stands right behind the text; absent: all.
   */
  linesWith(
    text: Buffer,
    limit: number,
    numbers?: ReadonlySet<number>,
  ): { lines: Line[]; complete: boolean } {
    const lines: Line[] = [];
    try {
      return { lines, complete: this.#findLines(lines, { text, limit, numbers }) };
    } catch (error) {
      if (error instanceof BudgetSpent) return { lines, complete: false };
      throw error;
    }
  }

  #findLines(
    lines: Line[],
    { text, limit, numbers }: { text: Buffer; limit: number; numbers: ReadonlySet<number> | undefined },
  ): boolean {
    const overlap = text.length - 1 + (numbers === undefined ? 0 : NUMBER_BYTES);
    const step = Math.max(1, this.#buffer.length - overlap);
    /** Nothing at or behind this position is of interest: the line found last begins there. */
    let before = this.size;
    for (let end = this.size; end > 0; end -= step) {
      const from = Math.max(0, end - step);
      const bytes = this.#read(from, Math.min(this.size, end + overlap) - from);
      const hits: number[] = [];
      for (let hit = bytes.indexOf(text); hit !== -1; hit = bytes.indexOf(text, hit + 1)) {
        if (numbers === undefined || numbers.has(numberAt(bytes, hit + text.length))) hits.push(from + hit);
      }
      for (const hit of hits.reverse()) {
        if (hit >= before) continue;
        if (lines.length >= limit) return false;
        const line = this.lineAt(hit)!;
        lines.push(line);
        before = line.offset;
      }
    }
    return true;
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
    if (this.bytesRead >= this.#budget) throw new BudgetSpent();
    const bytes = readSync(this.#fd, this.#buffer, 0, Math.min(length, this.#buffer.length), at);
    this.bytesRead += bytes;
    return this.#buffer.subarray(0, bytes);
  }
}

/** NaN when there is none that ends within the bytes. */
function numberAt(bytes: Buffer, at: number): number {
  const digits = NUMBER.exec(bytes.toString('latin1', at, at + NUMBER_BYTES));
  return digits === null ? Number.NaN : Number(digits[0]);
}
