/**
 * Keeps what sinks refused: appends to a file for each sink, tells the disk before it answers, begins a new file when
 * one is full and deletes the oldest when all together are too large. The only one who writes there; one in a process,
 * in a state directory that is claimed. Called by lanes, and by those who send letters again.
 */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../component/clock.ts';
import { RetryableError } from '../../component/errors.ts';
import type { Logger } from '../../component/logger.ts';
import type { DeadLettersStatus } from '../../component/status.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Delivery } from '../../record/delivery.ts';
import type { Settlement } from '../settlement.ts';
import type { DeadLetters } from '../sink-lane.ts';
import type { ByteRange } from './byte-ranges.ts';
import { encodeDeadLetter } from './dead-letter.ts';
import { DeadLetterFile, parseName, syncDirectory } from './dead-letter-file.ts';
import { lettersOf } from './letters-of.ts';

/** Folder of the dead letters in the state directory. */
export const FOLDER = 'dead-letters';

/** How much text is gathered before it is written, in characters. */
const WRITE_CHARS = 256 * 1024;

export interface DeadLetterLimits {
  /** Of all files together. */
  readonly maxBytes: number;
  /** A file that has reached this is not written to any more. */
  readonly maxFileBytes: number;
}

export interface DeadLetterStoreOptions extends DeadLetterLimits {
  readonly stateDir: string;
  readonly kernel: Pick<Kernel, 'bytes' | 'traceId' | 'spanId'>;
  readonly clock: Clock;
  readonly log: Logger;
}

export class DeadLetterStore implements DeadLetters {
  readonly dir: string;
  readonly #options: DeadLetterStoreOptions;
  #limits: DeadLetterLimits;
  /** Oldest first. */
  readonly #files: DeadLetterFile[] = [];
  /** By sink: the one that is written to. */
  readonly #open = new Map<string, { readonly file: DeadLetterFile; readonly handle: FileHandle }>();
  readonly #numbers = new Map<string, number>();
  /** One thing after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #written = 0;
  #evicted = 0;

  constructor(options: DeadLetterStoreOptions) {
    this.#options = options;
    this.#limits = options;
    this.dir = join(options.stateDir, FOLDER);
  }

  /** Finds what earlier runs left. @throws when the folder cannot be read or written. */
  async open(): Promise<void> {
    await mkdir(this.dir, { recursive: true, mode: 0o700 });
    const found: { file: DeadLetterFile; changedAt: number }[] = [];
    for (const entry of await readdir(this.dir)) {
      const name = parseName(entry);
      if (name === undefined) continue;
      const file = new DeadLetterFile(this.dir, name);
      const { torn, sentDamaged } = await file.load();
      this.#complain(file, torn, sentDamaged);
      this.#numbers.set(file.sink, Math.max(file.number, this.#numbers.get(file.sink) ?? 0));
      // A crash came before its first letter was safe, or before it was deleted.
      if (file.waiting === 0 && torn === 0) {
        await file.remove();
        continue;
      }
      found.push({ file, changedAt: (await stat(file.path)).mtimeMs });
    }
    found.sort((a, b) => a.changedAt - b.changedAt || a.file.number - b.file.number);
    this.#files.push(...found.map(({ file }) => file));
  }

  setLimits(limits: DeadLetterLimits): void {
    this.#limits = limits;
  }

  /** All or none of them: what a failed write left is overwritten by the next. */
  async write(delivery: Delivery, settlement: Settlement, message: string): Promise<void> {
    await this.#inTurn(async () => {
      try {
        await this.#append(delivery, settlement, message);
      } catch (error) {
        const text = `cannot write dead letters to ${this.dir}: ${(error as Error).message}`;
        throw new RetryableError(text, { reason: 'dead_letters', cause: error });
      }
      await this.#makeRoom();
    });
  }

  /** Files of a sink, oldest first; none of them grows any more when this resolves. */
  async filesOf(sink: string): Promise<readonly DeadLetterFile[]> {
    await this.#inTurn(() => this.#seal(sink));
    return this.#files.filter((file) => file.sink === sink);
  }

  /** Ids of sinks that have letters to be sent again. */
  sinks(): readonly string[] {
    return [...new Set(this.#files.filter(({ waiting }) => waiting > 0).map(({ sink }) => sink))].sort();
  }

  /** Lines of the file were sent again and taken; a file without any other is deleted. Resolves when that is durable. */
  async markSent(file: DeadLetterFile, lines: readonly ByteRange[]): Promise<void> {
    await this.#inTurn(async () => {
      // Deleted meanwhile to make room.
      if (!this.#files.includes(file)) return;
      if (file.waiting > lines.length) {
        await file.markSent(lines);
        return;
      }
      await file.remove();
      this.#forget(file);
    });
  }

  /** Whether the letter in these bytes of a file was sent again and taken. */
  wasSent(path: string, from: number, to: number): boolean {
    return this.#files.find((file) => file.path === path)?.sent.has(from, to) === true;
  }

  /** Letters that were deleted unsent to make room, since `open`. */
  get evicted(): number {
    return this.#evicted;
  }

  status(): Omit<DeadLettersStatus, 'enabled' | 'replay'> {
    const sum = (of: (file: DeadLetterFile) => number) =>
      this.#files.reduce((total, file) => total + of(file), 0);
    const sinks = new Map<string, number>();
    for (const { sink, waiting } of this.#files) sinks.set(sink, (sinks.get(sink) ?? 0) + waiting);
    return {
      records: sum((file) => file.waiting),
      by_sink: Object.fromEntries(sinks),
      bytes: sum((file) => file.size),
      max_bytes: this.#limits.maxBytes,
      files: this.#files.length,
      written: this.#written,
      evicted: this.#evicted,
    };
  }

  /** Safe twice and without `open`. */
  async close(): Promise<void> {
    await this.#inTurn(async () => {
      for (const sink of this.#open.keys()) await this.#seal(sink);
    });
  }

  async #append(delivery: Delivery, settlement: Settlement, message: string): Promise<void> {
    const { file, handle } = await this.#fileOf(delivery.sink);
    let end = file.size;
    let count = 0;
    let text = '';
    const flush = async () => {
      const bytes = Buffer.from(text);
      text = '';
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, end);
        done += bytesWritten;
        end += bytesWritten;
      }
    };
    try {
      for (const letter of lettersOf(delivery, settlement, message, this.#options)) {
        text += encodeDeadLetter(letter);
        count++;
        if (text.length >= WRITE_CHARS) await flush();
      }
      await flush();
      await handle.sync();
    } catch (error) {
      await handle.truncate(file.size).catch(() => {});
      throw error;
    }
    file.size = end;
    file.letters += count;
    this.#written += count;
    if (end >= this.#limits.maxFileBytes) await this.#seal(file.sink);
  }

  /** The sink's file, with nothing behind its last whole line. */
  async #fileOf(sink: string): Promise<{ file: DeadLetterFile; handle: FileHandle }> {
    const known = this.#open.get(sink);
    if (known !== undefined) return known;
    const number = (this.#numbers.get(sink) ?? 0) + 1;
    const file = new DeadLetterFile(this.dir, { sink, number });
    const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY;
    // Also of a file that cannot be used: the next one gets another name.
    this.#numbers.set(sink, number);
    const handle = await open(file.path, flags, 0o600);
    try {
      await syncDirectory(this.dir);
    } catch (error) {
      await handle.close();
      throw error;
    }
    const entry = { file, handle };
    this.#open.set(sink, entry);
    this.#files.push(file);
    return entry;
  }

  /** The sink's next letters go to a new file. */
  async #seal(sink: string): Promise<void> {
    const entry = this.#open.get(sink);
    if (entry === undefined) return;
    this.#open.delete(sink);
    await entry.handle.close();
    if (entry.file.size > 0) return;
    await entry.file.remove();
    this.#forget(entry.file);
  }

  /** Makes room. That it cannot must not keep letters that are safe from being settled: they would be written again. */
  async #makeRoom(): Promise<void> {
    try {
      await this.#evict();
    } catch (err) {
      const { log } = this.#options;
      const [file] = this.#files;
      log.warn(
        { err, file: file?.path },
        'a dead-letter file cannot be deleted to make room; tried again later',
      );
    }
  }

  /** Deletes the oldest files until the rest fits; the newest stays. */
  async #evict(): Promise<void> {
    let bytes = this.#files.reduce((sum, { size }) => sum + size, 0);
    while (bytes > this.#limits.maxBytes && this.#files.length > 1) {
      const [file] = this.#files as [DeadLetterFile];
      const open = this.#open.get(file.sink);
      if (open?.file === file) {
        this.#open.delete(file.sink);
        await open.handle.close();
      }
      await file.remove();
      this.#forget(file);
      bytes -= file.size;
      this.#evicted += file.waiting;
      this.#options.log.error(
        { sink: file.sink, file: file.path, records: file.waiting },
        `${file.waiting} dead letters were deleted to make room for new ones (dead_letters.max_bytes)`,
      );
    }
  }

  #forget(file: DeadLetterFile): void {
    const index = this.#files.indexOf(file);
    if (index >= 0) this.#files.splice(index, 1);
  }

  #complain(file: DeadLetterFile, torn: number, sentDamaged: boolean): void {
    const { log } = this.#options;
    if (torn > 0) {
      log.warn(
        { file: file.path, bytes: torn },
        'a dead-letter file ends in the middle of a line; that line is left aside',
      );
    }
    if (sentDamaged) {
      log.warn(
        { file: file.path },
        'what was sent again of a dead-letter file is not known any more; all its letters count as not sent',
      );
    }
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(action);
    this.#last = turn.catch(() => {});
    return turn;
  }
}
