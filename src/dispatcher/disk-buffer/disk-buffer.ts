/**
 * Keeps records on disk that a sink cannot take now, in the order they came, within a bounded size. It knows nothing of
 * the sink: who uses it writes parts, reads frames back and says when a frame is done. Not for use by two at once.
 *
 * What was written is safe when `commit` has resolved. What a crash loses of the place where reading was is read again.
 */
import { randomInt } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import type { Clock } from '../../component/clock.ts';
import type { Logger } from '../../component/logger.ts';
import type { BufferStatus } from '../../component/status.ts';
import { BufferFile } from './buffer-file.ts';
import { Damage } from './damage.ts';
import { type Frame, intactFrame } from './decode.ts';
import { type EncodeContext, FrameEncoder, type Part } from './encode.ts';
import { parseName } from './format.ts';
import { Holdings, holdingsOf } from './holdings.ts';
import { Progress } from './progress.ts';
import { recoverFile } from './recover-file.ts';
import type { BufferSettings } from './settings.ts';
import { FrameWriter } from './writer.ts';

export interface DiskBufferOptions extends EncodeContext {
  readonly folder: string;
  readonly settings: BufferSettings;
  readonly clock: Clock;
  readonly log: Logger;
  /** Records that will never be delivered, for a reason such as `buffer_full`. */
  readonly onLost: (lost: Holdings, reason: string) => void;
}

/** A frame that was read back: `release` its records as they reach their ends, then give it to `done`. */
export interface StoredFrame {
  readonly frame: Frame;
  readonly file: BufferFile;
}

/** Smallest and largest file; a buffer has about eight. */
const MIN_FILE_BYTES = 2 ** 20;
const MAX_FILE_BYTES = 2 ** 26;
const FILES = 8;
/** `fsync: interval`: how often, in milliseconds. */
export const SYNC_MS = 1000;

export class DiskBuffer {
  readonly #options: DiskBufferOptions;
  readonly #encoder: FrameEncoder;
  /** Oldest first; the last one may be written to. */
  #files: BufferFile[] = [];
  #writer: FrameWriter | null = null;
  /** Written, but not safe yet. */
  #uncommitted: Holdings[] = [];
  #writing = false;
  #nextFile = 1;
  #nextFrame = 1;
  /** Where reading is: in this file, at this byte. */
  #reading: { file: BufferFile; at: number } | null = null;
  readonly #progress: Progress;
  #cancelSync: (() => void) | null = null;
  readonly #held = new Holdings();
  readonly #roomWaiters: (() => void)[] = [];
  readonly #damage: Damage;
  #settings: BufferSettings;

  constructor(options: DiskBufferOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#encoder = new FrameEncoder(options);
    this.#progress = new Progress(options);
    this.#damage = new Damage(options);
  }

  /** What it holds: read or not, as long as it is not done. */
  get held(): Holdings {
    return this.#held;
  }

  /** Records that are safe and were not read back. */
  get unread(): number {
    return this.#files.reduce((sum, { unread }) => sum + unread.records, 0);
  }

  get bytes(): number {
    return this.#files.reduce((sum, { size }) => sum + size, 0) + (this.#writer?.uncommitted ?? 0);
  }

  configure(settings: BufferSettings): void {
    this.#settings = settings;
    this.#letWriterOn();
  }

  /** Finds what an earlier run left. Damage is reported and passed over. @throws when the folder cannot be used. */
  async open(): Promise<void> {
    const { folder } = this.#options;
    await mkdir(folder, { recursive: true });
    await this.#progress.load();
    this.#nextFrame = Math.max(1, this.#progress.doneBefore);
    const names = (await readdir(folder)).map(parseName).filter((name) => name !== undefined);
    for (const name of names.toSorted((a, b) => a.number - b.number)) {
      this.#nextFile = name.number + 1;
      await this.#recover(new BufferFile(folder, name));
    }
  }

  /**
   * Appends records; they are safe after the next `commit`. One at a time.
   * @param signal where `when_full: block` finds no room it is waited for until this is aborted; null: not at all.
   * @returns false when there was no room, or `commit` must be called first.
   * @throws when they cannot be written: what was appended since the last `commit` is gone then, too.
   */
  async append(part: Part, signal: AbortSignal | null): Promise<boolean> {
    this.#writing = true;
    try {
      if (this.#writer !== null && this.#writer.size >= this.#fileBytes) {
        // What was appended must be made safe, and booked, before the next file begins.
        if (this.#uncommitted.length > 0) return false;
        await this.#completeWriter();
      }
      this.#writer ??= await this.#createFile();
      const { nonce } = this.#writer.file.name;
      const { frame, holdings } = this.#encoder.encode(part, { number: this.#nextFrame, nonce });
      if (!(await this.#makeRoom(frame.length, signal))) return false;
      try {
        await this.#writer.append(frame);
      } catch (error) {
        await this.#abandonWriter();
        throw error;
      }
      this.#nextFrame++;
      this.#uncommitted.push(holdings);
      return true;
    } finally {
      this.#writing = false;
    }
  }

  /** Makes what was appended safe. @throws when that fails: what was appended since the last time is gone then. */
  async commit(): Promise<void> {
    const writer = this.#writer;
    if (writer === null || this.#uncommitted.length === 0) return;
    try {
      if (this.#settings.fsync === 'always') await writer.sync();
      else this.#scheduleSync();
    } catch (error) {
      await this.#abandonWriter();
      throw error;
    }
    writer.commit();
    for (const holdings of this.#uncommitted.splice(0)) {
      writer.file.unread.add(holdings);
      this.#held.add(holdings);
    }
  }

  /** The next frame in order; null: there is none now. Rejects when the file cannot be read now. */
  async next(): Promise<StoredFrame | null> {
    for (;;) {
      const reading = this.#startReading();
      if (reading === null) return null;
      const { file, at } = reading;
      const scanned = await file.scan(at);
      // Evicted meanwhile.
      if (file.gone || this.#reading !== reading) continue;
      if (scanned.kind === 'end' || scanned.kind === 'torn') {
        if (scanned.kind === 'end' && at < file.size) continue;
        if (!file.complete) {
          this.#reset();
          return null;
        }
        this.#exhaust(file);
        continue;
      }
      this.#reading = { file, at: scanned.next };
      if (scanned.kind === 'truncated') {
        // That happened since the file was looked through.
        file.scanned = false;
        this.#damage.note(file, scanned.next - at, null);
        continue;
      }
      if (scanned.kind === 'damage') {
        this.#damage.note(file, scanned.next - at, scanned.records);
        continue;
      }
      if (scanned.header.number < this.#progress.doneBefore) continue;
      const frame = intactFrame(scanned.payload, scanned.header);
      if (frame === undefined) {
        this.#damage.note(file, scanned.next - at, scanned.header.records);
        continue;
      }
      const holdings = holdingsOf(frame.head);
      file.unread.subtract(holdings);
      file.undone++;
      this.#progress.read(frame.number, holdings.readAt);
      return { frame, file };
    }
  }

  /** Records that were read back have reached their end. */
  release(ended: Holdings): void {
    this.#held.subtract(ended);
    if (this.#held.records === 0) this.#letWriterOn();
  }

  /** All records of the frame have been released: it is not read again. */
  done({ frame, file }: StoredFrame): void {
    this.#progress.done(frame.number);
    file.undone--;
    this.#removeIfDone(file);
    this.#reset();
  }

  /** Makes everything safe that was appended, and remembers where reading is. What was read and is not done is read again. */
  async close(): Promise<void> {
    this.#cancelSync?.();
    await this.commit().catch(() => {});
    await this.#writer?.sync().catch(() => {});
    await this.#writer?.close().catch(() => {});
    this.#writer = null;
    await this.#progress.close();
    for (const file of this.#files) await file.closeReader().catch(() => {});
  }

  status(): BufferStatus {
    const { records } = this.#held;
    return {
      bytes: this.bytes,
      max_bytes: this.#settings.maxBytes,
      records,
      oldest_seconds: records === 0 ? 0 : this.#oldestMs() / 1000,
      files: this.#files.length,
      full: this.#roomWaiters.length > 0,
      damaged_places: this.#damage.places,
      damaged_bytes: this.#damage.bytes,
      damaged_records: this.#damage.records,
    };
  }

  /** Milliseconds since its oldest record was read. */
  #oldestMs(): number {
    const { clock } = this.#options;
    const next = this.#files.find(({ unread }) => unread.records > 0);
    return Math.max(0, clock.toEpoch(clock.now()) - this.#progress.oldest(next?.unread.readAt));
  }

  get #fileBytes(): number {
    return Math.min(MAX_FILE_BYTES, Math.max(MIN_FILE_BYTES, Math.floor(this.#settings.maxBytes / FILES)));
  }

  async #recover(file: BufferFile): Promise<void> {
    const { log, folder } = this.#options;
    const { doneBefore } = this.#progress;
    const behind = await recoverFile(file, { log, folder, damage: this.#damage, doneBefore });
    this.#nextFrame = Math.max(this.#nextFrame, behind);
    this.#held.add(file.unread);
    if (file.unread.records > 0) this.#files.push(file);
    else await file.remove();
  }

  #startReading(): { file: BufferFile; at: number } | null {
    if (this.#reading === null) {
      const file = this.#files.find(({ exhausted }) => !exhausted);
      if (file === undefined) return null;
      this.#reading = { file, at: 0 };
    }
    return this.#reading;
  }

  /** Nothing more comes from the file: what it should have held and did not give is lost. */
  #exhaust(file: BufferFile): void {
    this.#reading = null;
    file.exhausted = true;
    this.#lose(file, 'buffer_damaged');
    this.#removeIfDone(file);
    this.#reset();
  }

  #lose(file: BufferFile, reason: string): void {
    const lost = new Holdings();
    lost.add(file.unread);
    if (lost.records === 0) return;
    file.unread.subtract(lost);
    this.#held.subtract(lost);
    this.#options.onLost(lost, reason);
  }

  #removeIfDone(file: BufferFile): void {
    if (!file.exhausted || file.undone > 0 || file.gone) return;
    this.#remove(file);
  }

  #remove(file: BufferFile): void {
    this.#files = this.#files.filter((other) => other !== file);
    void file.remove().catch((err: unknown) => {
      this.#options.log.warn({ err, file: file.path }, 'a file of the disk buffer cannot be removed');
    });
    this.#letWriterOn();
  }

  /** Gives the file that is written to back when all of it is done. */
  #reset(): void {
    const writer = this.#writer;
    if (writer === null || this.#writing || writer.uncommitted > 0) return;
    const { file } = writer;
    if (file.undone > 0 || file.size === 0) return;
    if (this.#reading?.file !== file || this.#reading.at < file.size) return;
    void this.#completeWriter().catch(() => {});
    this.#exhaust(file);
  }

  /** False when there is no room for so many bytes. A buffer that holds nothing has room for everything. */
  async #makeRoom(length: number, signal: AbortSignal | null): Promise<boolean> {
    while (this.#held.records > 0 && this.bytes + length > this.#settings.maxBytes) {
      if (this.#settings.whenFull === 'drop_oldest') {
        if (!this.#evict()) return true;
        continue;
      }
      if (signal === null || signal.aborted) return false;
      const { promise, resolve } = Promise.withResolvers<void>();
      const goOn = () => resolve();
      this.#roomWaiters.push(goOn);
      signal.addEventListener('abort', goOn, { once: true });
      await promise;
      signal.removeEventListener('abort', goOn);
    }
    return true;
  }

  /** Deletes the oldest file; false when there is only the one that is written to. */
  #evict(): boolean {
    const [file] = this.#files;
    if (file === undefined || file === this.#writer?.file) return false;
    if (this.#reading?.file === file) this.#reading = null;
    file.exhausted = true;
    this.#lose(file, 'buffer_full');
    this.#remove(file);
    return true;
  }

  #letWriterOn(): void {
    for (const resolve of this.#roomWaiters.splice(0)) resolve();
  }

  async #createFile(): Promise<FrameWriter> {
    const { folder } = this.#options;
    const file = new BufferFile(folder, { number: this.#nextFile++, nonce: randomInt(2 ** 32) });
    const writer = await FrameWriter.create(folder, file);
    this.#files.push(file);
    return writer;
  }

  /** The next part goes to another file. */
  async #completeWriter(): Promise<void> {
    const writer = this.#writer!;
    this.#writer = null;
    // Also where that fails: nothing more is written to it, and those who read it must know.
    writer.file.complete = true;
    try {
      if (this.#settings.fsync !== 'always') await writer.sync();
    } finally {
      await writer.close();
    }
  }

  /** After a failed write nobody knows what is in the file behind its safe end. */
  async #abandonWriter(): Promise<void> {
    const writer = this.#writer!;
    this.#writer = null;
    this.#uncommitted = [];
    await writer.rollBack();
    writer.file.complete = true;
  }

  #scheduleSync(): void {
    this.#cancelSync ??= this.#options.clock.after(SYNC_MS, () => {
      this.#cancelSync = null;
      this.#writer?.sync().catch((err: unknown) => {
        this.#options.log.error(
          { err, folder: this.#options.folder },
          'the disk buffer cannot be synchronised',
        );
      });
    });
  }
}
