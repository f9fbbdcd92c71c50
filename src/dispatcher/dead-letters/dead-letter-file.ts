/**
 * A file of dead letters of one sink, `<sink>-<number>.jsonl`, and next to it, once letters were sent again,
 * `<sink>-<number>.sent`: which of its bytes. Knows sizes, numbers and progress, not what letters mean.
 */
import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ByteRange, ByteRanges } from './byte-ranges.ts';
import { readLines } from './read-lines.ts';

/** Ids of sinks may hold `-` and digits, so the last group of digits counts. */
const NAME = /^(.+)-(\d+)\.jsonl$/;

export interface FileName {
  readonly sink: string;
  readonly number: number;
}

export function nameOf({ sink, number }: FileName): string {
  return `${sink}-${String(number).padStart(6, '0')}.jsonl`;
}

/** Undefined when it is no name of a dead-letter file. */
export function parseName(name: string): FileName | undefined {
  const match = NAME.exec(name);
  return match === null ? undefined : { sink: match[1]!, number: Number(match[2]) };
}

export class DeadLetterFile {
  readonly path: string;
  readonly sink: string;
  readonly number: number;
  /** Up to behind the last whole line, in bytes. */
  size = 0;
  /** Whole lines, damaged ones included. */
  letters = 0;
  /** What was sent again and taken, in bytes of the file and in letters. */
  sent = new ByteRanges();
  sentLetters = 0;

  constructor(dir: string, name: FileName) {
    this.path = join(dir, nameOf(name));
    this.sink = name.sink;
    this.number = name.number;
  }

  /**
   * Reads what is there. @returns bytes behind the last whole line: the rest of a write that a crash cut off, or damage;
   * and whether the record of what was sent again had to be left aside.
   */
  async load(): Promise<{ torn: number; sentDamaged: boolean }> {
    const file = await open(this.path, 'r');
    try {
      for await (const { to } of readLines(file)) {
        this.size = to;
        this.letters++;
      }
      const { size } = await file.stat();
      return { torn: Math.max(0, size - this.size), sentDamaged: !(await this.#loadSent()) };
    } finally {
      await file.close();
    }
  }

  /** Letters that are still to be sent. */
  get waiting(): number {
    return this.letters - this.sentLetters;
  }

  /** Makes known, durably, that the lines in these ranges were sent again and taken. Tells the disk all at once. */
  async markSent(lines: readonly ByteRange[]): Promise<void> {
    for (const [from, to] of lines) this.sent.add(from, to);
    this.sentLetters += lines.length;
    const temporary = `${this.#sentPath}.tmp`;
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify({ letters: this.sentLetters, ranges: this.sent.list })}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, this.#sentPath);
    await syncDirectory(dirname(this.path));
  }

  /** The letters go first: what was sent of a file that is not there means nothing. */
  async remove(): Promise<void> {
    await rm(this.path, { force: true });
    await rm(this.#sentPath, { force: true });
  }

  get #sentPath(): string {
    return `${this.path.slice(0, -'.jsonl'.length)}.sent`;
  }

  /** False when it is damaged: its letters count as not sent then, lest one is forgotten. */
  async #loadSent(): Promise<boolean> {
    let text: string;
    try {
      text = await readFile(this.#sentPath, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
      throw error;
    }
    const sent = parseSent(text, this.size);
    if (sent === undefined) return false;
    this.sent = new ByteRanges(sent.ranges);
    this.sentLetters = Math.min(sent.letters, this.letters);
    return true;
  }
}

function parseSent(
  text: string,
  size: number,
): { letters: number; ranges: readonly ByteRange[] } | undefined {
  try {
    const value = JSON.parse(text) as { letters: number; ranges: [number, number][] };
    const whole =
      Number.isSafeInteger(value.letters) &&
      value.letters >= 0 &&
      value.ranges.every(
        ([from, to]) => Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 0 && to <= size,
      );
    return whole ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Makes a new name in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  let directory: FileHandle | undefined;
  try {
    directory = await open(path, 'r');
    await directory.sync();
  } finally {
    await directory?.close();
  }
}
