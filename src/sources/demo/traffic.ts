/**
 * Keeps three log files busy at a given rate: a web server, a web shop, a background worker. Paced by the injected
 * clock; pauses while the reader is far behind, so that what is rotated away has been read. Called by the demo source.
 */
import { join } from 'node:path';
import type { Clock } from '../../component/clock.ts';
import type { Logger } from '../../component/logger.ts';
import { nginxLine } from './nginx-line.ts';
import type { Random } from './random.ts';
import { RotatingFile } from './rotating-file.ts';
import { shopCrash, shopLine } from './shop-line.ts';
import { workerLine } from './worker-line.ts';

/** How often lines are written, in milliseconds. */
export const TICK_MS = 100;
/** Lines made without letting others have the event loop; about 4 ms of work. */
const LINES_AT_ONCE = 2000;
/** After a standstill (suspended machine, busy loop) at most this much is caught up with, in milliseconds. */
const MAX_CATCH_UP_MS = 1000;
/** How long a file lasts before it is rotated, in seconds of traffic at about 200 bytes a line, within bounds. */
const FILE_SECONDS = 10;
const MIN_FILE_BYTES = 2 ** 20;
const MAX_FILE_BYTES = 64 * 2 ** 20;
const KEPT_FILES = 2;
/** One in so many entries of the shop is a plain-text stack trace. */
const CRASH_PROBABILITY = 0.003;

export interface TrafficOptions {
  /** Folder that gets `nginx/access.log`, `shop/app.log` and `worker/worker.log`. */
  readonly folder: string;
  /** Lines a second in all three files together. */
  readonly rate: number;
  readonly random: Random;
  readonly clock: Clock;
  readonly log: Logger;
  /** Bytes written that the reader has not read yet. */
  readonly backlog: () => number;
}

export interface TrafficStatus {
  readonly lines_written: number;
  readonly write_errors: number;
}

export class Traffic {
  readonly #options: TrafficOptions;
  readonly #maxBacklog: number;
  readonly #apps: readonly {
    readonly share: number;
    readonly file: RotatingFile;
    readonly entry: (at: number) => string;
  }[];
  #linesWritten = 0;
  #writeErrors = 0;

  constructor(options: TrafficOptions) {
    this.#options = options;
    const { folder, rate, random } = options;
    const maxBytes = Math.min(MAX_FILE_BYTES, Math.max(MIN_FILE_BYTES, rate * 200 * FILE_SECONDS));
    const file = (name: string) => new RotatingFile({ path: join(folder, name), maxBytes, kept: KEPT_FILES });
    this.#maxBacklog = maxBytes;
    this.#apps = [
      { share: 0.5, file: file('nginx/access.log'), entry: (at) => nginxLine(random, at) },
      {
        share: 0.3,
        file: file('shop/app.log'),
        entry: (at) =>
          random.chance(CRASH_PROBABILITY) ? shopCrash(random) : shopLine(random, at, { stackTraces: true }),
      },
      { share: 0.2, file: file('worker/worker.log'), entry: (at) => workerLine(random, at) },
    ];
  }

  status(): TrafficStatus {
    return { lines_written: this.#linesWritten, write_errors: this.#writeErrors };
  }

  /** Writes until aborted, then resolves. A failed write is logged and tried again with the next lines. */
  async run(signal: AbortSignal): Promise<void> {
    const { rate, clock, log, backlog } = this.#options;
    let due = 0;
    let last = clock.now();
    while (await this.#rest(signal)) {
      const now = clock.now();
      const elapsed = Math.min(now - last, MAX_CATCH_UP_MS);
      last = now;
      due += (rate * elapsed) / 1000;
      const msPerLine = elapsed / due;
      let at = clock.toEpoch(now) - elapsed;
      try {
        while (due >= 1 && !signal.aborted) {
          if (backlog() > this.#maxBacklog) {
            due = 0;
            break;
          }
          const lines = await this.#write(Math.min(Math.floor(due), LINES_AT_ONCE), at, msPerLine);
          due -= lines;
          at += lines * msPerLine;
        }
      } catch (error) {
        due = 0;
        this.#writeErrors += 1;
        if (this.#writeErrors === 1)
          log.warn({ err: error }, 'demo: could not write its log files; trying again');
      }
    }
  }

  /** Waits for the next tick; false when aborted. */
  async #rest(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#options.clock.sleep(TICK_MS, signal);
      return true;
    } catch (reason) {
      if (signal.aborted) return false;
      throw reason;
    }
  }

  /** Writes about `wanted` lines (a stack trace is not cut), the first at time `at`; returns how many it were. */
  async #write(wanted: number, at: number, msPerLine: number): Promise<number> {
    const texts = this.#apps.map(() => '');
    let lines = 0;
    while (lines < wanted) {
      const app = this.#pickApp();
      const entry = this.#apps[app]!.entry(at + lines * msPerLine);
      texts[app] += `${entry}\n`;
      lines += linesIn(entry);
    }
    for (const [app, text] of texts.entries()) {
      if (text !== '') await this.#apps[app]!.file.append(text);
    }
    this.#linesWritten += lines;
    return lines;
  }

  #pickApp(): number {
    let left = this.#options.random.fraction();
    const app = this.#apps.findIndex(({ share }) => {
      left -= share;
      return left < 0;
    });
    return app === -1 ? 0 : app;
  }
}

function linesIn(entry: string): number {
  let lines = 1;
  for (let at = entry.indexOf('\n'); at !== -1; at = entry.indexOf('\n', at + 1)) lines += 1;
  return lines;
}
