/**
 * Measures a running process while it works off a file. The process is started, ready and idle when the file is put in
 * its place, so that its start is not counted. Counted is everything from then on until all is delivered. While the
 * file is read, progress is seen in `/proc`, which costs the process nothing. Called by the benchmarks.
 */
import { link } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from './child.ts';
import type { Corpus } from './corpora.ts';
import { bytesRead, cpuMs, peakRssBytes } from './process-usage.ts';

export interface Sample {
  /** Time until all was delivered, from the first read of the file. */
  readonly wallMs: number;
  /** CPU time of all threads from before the file appeared until all was delivered. */
  readonly cpuMs: number;
  /** Largest resident memory since the process started. */
  readonly peakRssBytes: number;
}

const POLL_MS = 2;
/** A first read of the file, as opposed to what an idle process reads. */
const FIRST_READ_BYTES = 32 * 1024;
const QUIET_MS = 300;
/** A process is busy while it uses more than this share of a core; timers of an idle one use a fifth of it. */
const BUSY_SHARE = 0.1;
const WINDOW_MS = 20;
const PATIENCE_MS = 300_000;

export interface Work {
  readonly child: Child;
  readonly corpus: Corpus;
  /** Where the process expects the file; on the same file system as the corpus. */
  readonly input: string;
  /** Whether all is delivered; null: nobody can tell, wait until the process has read all and does nothing more. */
  readonly delivered: (() => boolean | Promise<boolean>) | null;
  /** With `delivered: null`: how long it must do nothing, in milliseconds; 300 when left out. */
  readonly quietMs?: number;
}

/** @throws when the process ends or does not get done within five minutes. */
export async function measure({
  child,
  corpus,
  input,
  delivered,
  quietMs = QUIET_MS,
}: Work): Promise<Sample> {
  const { pid } = child;
  const deadline = performance.now() + PATIENCE_MS;
  const until = async (what: string, holds: () => boolean | Promise<boolean>) => {
    while (!child.exited && performance.now() < deadline) {
      if (await holds()) return;
      await sleep(POLL_MS);
    }
    throw new Error(
      `${child.exited ? 'the process ended' : 'five minutes passed'} before ${what}: ${child.output()}`,
    );
  };

  if (child.exited) throw new Error(`the process ended before it got the file: ${child.output()}`);
  const readBefore = bytesRead(pid);
  const cpuBefore = cpuMs(pid);
  await link(corpus.path, input);
  await until('it read the file', () => bytesRead(pid) - readBefore >= FIRST_READ_BYTES);
  const startedAt = performance.now();
  await until('it had read all of the file', () => bytesRead(pid) - readBefore >= corpus.bytes);
  let endedAt = performance.now();
  if (delivered === null) {
    let [cpu, seenAt] = [cpuMs(pid), endedAt];
    await until('it came to rest', () => {
      const now = performance.now();
      if (now - seenAt < WINDOW_MS) return false;
      const used = cpuMs(pid);
      if (used - cpu > (now - seenAt) * BUSY_SHARE) endedAt = now;
      [cpu, seenAt] = [used, now];
      return now - endedAt > quietMs;
    });
  } else {
    await until('it had delivered all', delivered);
    endedAt = performance.now();
  }
  return { wallMs: endedAt - startedAt, cpuMs: cpuMs(pid) - cpuBefore, peakRssBytes: peakRssBytes(pid) };
}
