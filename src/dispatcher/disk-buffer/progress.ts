/**
 * How far a buffer has been read back, and which of the frames that were read are not done. Remembers in the file `cursor`
 * (a line with a checksum and a number) up to which frame it has been delivered. Damage to that, or a crash before it was
 * written, only sends again what was sent already.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Clock } from '../../component/clock.ts';
import type { Logger } from '../../component/logger.ts';

/** How long the cursor may stay in memory only, in milliseconds. */
const CURSOR_MS = 1000;

export class Progress {
  readonly #options: { readonly folder: string; readonly clock: Clock; readonly log: Logger };
  /** Frames below this number were done in an earlier run. */
  doneBefore = 0;
  /** Numbers of frames that were read back and are not done, and when their oldest records came. */
  readonly #undone = new Map<number, number>();
  #lastRead = 0;
  /** When the oldest record of that frame came: those behind it came later. */
  #lastReadAt = 0;
  #cancelSaving: (() => void) | null = null;

  constructor(options: { folder: string; clock: Clock; log: Logger }) {
    this.#options = options;
  }

  /** What an earlier run has remembered. */
  async load(): Promise<void> {
    const text = await readFile(this.#path, 'utf8').catch(() => '');
    const match = /^([0-9a-f]{8}) (\d{1,15})\n$/.exec(text);
    if (match !== null && checksum(match[2]!) === match[1]) this.doneBefore = Number(match[2]);
  }

  /** A frame was read back; `at`: when its oldest record came, in milliseconds since 1970. */
  read(frame: number, at: number): void {
    this.#undone.set(frame, at);
    this.#lastRead = frame;
    this.#lastReadAt = at;
  }

  /** The frame need not be read again. */
  done(frame: number): void {
    this.#undone.delete(frame);
    this.#cancelSaving ??= this.#options.clock.after(CURSOR_MS, () => {
      this.#cancelSaving = null;
      void this.#save();
    });
  }

  /**
   * When the oldest record came that is not done, in milliseconds since 1970. `unreadAt`: the same of the file that is read
   * next. Of one that was begun, what was read last stands for what comes next.
   */
  oldest(unreadAt: number | undefined): number {
    const unread = unreadAt === undefined ? Number.POSITIVE_INFINITY : Math.max(unreadAt, this.#lastReadAt);
    return Math.min(unread, ...this.#undone.values());
  }

  /** Remembers where it stands. */
  async close(): Promise<void> {
    this.#cancelSaving?.();
    await this.#save();
  }

  get #path(): string {
    return join(this.#options.folder, 'cursor');
  }

  async #save(): Promise<void> {
    if (this.#lastRead === 0) return;
    const first = String(Math.min(...this.#undone.keys(), this.#lastRead + 1));
    try {
      await writeFile(`${this.#path}.tmp`, `${checksum(first)} ${first}\n`);
      await rename(`${this.#path}.tmp`, this.#path);
    } catch (err) {
      const { log, folder } = this.#options;
      log.warn(
        { err, folder },
        'the place in the disk buffer cannot be written; after a crash some logs would be sent again',
      );
    }
  }
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
