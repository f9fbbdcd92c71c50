import { PartialError, PermanentError } from '../../component/errors.ts';
import { LineEncoder, liveRow } from '../../component/lines.ts';
import type { Sink } from '../../component/sink.ts';
import type { Context } from '../../component/spec.ts';
import type { Delivery } from '../../record/delivery.ts';
import { liveCount, type Segment } from '../../record/segment.ts';
import { type FileSystem, realFileSystem, retryable } from './file-system.ts';
import type { FileConfig } from './index.ts';
import { OpenFiles } from './open-files.ts';
import type { OutputFile } from './output-file.ts';
import { OutputPaths } from './output-path.ts';
import { OwnFiles } from './own-files.ts';
import { Rotation } from './rotation.ts';

/**
 * Appends deliveries to files, whole or not at all: when one file of a delivery fails, what the others got is cut off
 * again, so that a retry doubles no line. One write a file and delivery; untouched segments are not copied.
 * What an operator can mend (full disk, permissions, a directory in the way) holds up the sink, all its files, and loses
 * nothing. Only records whose path no operating system takes are refused, and the others go on.
 */

/** How long closing waits for files to be compressed, in milliseconds; the rest is done by the next run. */
const COMPRESS_GRACE_MS = 5000;

export class FileSink implements Sink {
  /** One after the other: that keeps the order of lines across retries. */
  readonly concurrency = 1;
  readonly #config: FileConfig;
  readonly #context: Context;
  readonly #encoder: LineEncoder;
  readonly #paths: OutputPaths;
  readonly #rotation: Rotation;
  readonly #files: OpenFiles;
  #records = 0;
  #bytes = 0;

  constructor(config: FileConfig, context: Context, system: FileSystem = realFileSystem) {
    this.#config = config;
    this.#context = context;
    this.#encoder = new LineEncoder({ ...context, format: config.format });
    this.#paths = new OutputPaths(config.path);
    this.#rotation = new Rotation(config.rotate, context.log);
    const own = new OwnFiles({ ...context, system });
    this.#files = new OpenFiles({ ...context, config, system, rotation: this.#rotation, own });
  }

  async open(): Promise<void> {}

  async write(delivery: Delivery, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const pending = new Map<string, Buffer[]>();
    const sizesBefore = new Map<OutputFile, number>();
    const unusable = new Map<string, PermanentError>();
    let bytes = 0;
    try {
      await this.#encoder.encode(delivery, signal, {
        piece: (segment, piece) => {
          const path = this.#pathOf(segment);
          const pieces = pending.get(path);
          if (pieces === undefined) pending.set(path, [piece]);
          else addPiece(pieces, piece);
        },
        flush: async () => {
          for (const [path, pieces] of pending) {
            if (unusable.has(path)) continue;
            try {
              bytes += await this.#append(path, pieces, sizesBefore);
            } catch (error) {
              if (!(error instanceof PermanentError)) throw error;
              unusable.set(path, error);
            }
          }
          pending.clear();
        },
      });
      if (this.#config.fsync === 'always') {
        for (const file of sizesBefore.keys()) await inFile(file.path, () => file.sync());
      }
    } catch (error) {
      for (const [file, size] of sizesBefore) {
        // What cannot be taken back arrives twice; opening the file anew mends a torn end.
        await file.takeBack(size).catch(() => {});
        await this.#files.forget(file);
      }
      throw error;
    }
    const refused = unusable.size === 0 ? [] : this.#rowsOf(delivery, unusable);
    this.#records += delivery.records - refused.length;
    this.#bytes += bytes;
    await this.#files.trim();
    for (const error of unusable.values()) throw refusal(delivery, refused, error);
  }

  async close(): Promise<void> {
    await this.#files.close();
    const grace = new AbortController();
    await Promise.race([
      this.#rotation.settled(),
      this.#context.clock.sleep(COMPRESS_GRACE_MS, grace.signal).catch(() => {}),
    ]);
    grace.abort();
    this.#rotation.abort();
    await this.#rotation.settled();
  }

  status() {
    return {
      records: this.#records,
      bytes: this.#bytes,
      open_files: this.#files.size,
      rotated_files: this.#rotation.rotated,
      compressed_files: this.#rotation.compressed,
    };
  }

  #pathOf(segment: Segment): string {
    return this.#paths.of(segment.stream, this.#context.clock.toEpoch(segment.readAt));
  }

  /** Rows in the batch of the live records that go to one of the paths. */
  #rowsOf(delivery: Delivery, paths: { has(path: string): boolean }): number[] {
    return delivery.segments
      .filter((segment) => paths.has(this.#pathOf(segment)))
      .flatMap((segment) => Array.from({ length: liveCount(segment) }, (_, i) => liveRow(segment, i)));
  }

  /** Returns how many bytes it appended. */
  async #append(
    path: string,
    pieces: readonly Buffer[],
    sizesBefore: Map<OutputFile, number>,
  ): Promise<number> {
    const { clock } = this.#context;
    const incoming = pieces.reduce((sum, piece) => sum + piece.length, 0);
    await inFile(path, async () => {
      const file = await this.#files.take(path, incoming, sizesBefore);
      if (!sizesBefore.has(file)) sizesBefore.set(file, file.size);
      await file.append(pieces, clock.toEpoch(clock.now()));
    });
    return incoming;
  }
}

/** Joins a piece to the last one where it lies right behind it in kernel memory. */
function addPiece(pieces: Buffer[], piece: Buffer): void {
  const last = pieces.at(-1)!;
  if (last.buffer === piece.buffer && last.byteOffset + last.length === piece.byteOffset) {
    pieces[pieces.length - 1] = Buffer.from(last.buffer, last.byteOffset, last.length + piece.length);
  } else {
    pieces.push(piece);
  }
}

async function inFile(path: string, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    throw error instanceof PermanentError ? error : retryable(error, path);
  }
}

function refusal(delivery: Delivery, indexes: readonly number[], error: PermanentError): Error {
  if (indexes.length === delivery.records) return error;
  const { message, reason } = error;
  return new PartialError(message, { reason, count: indexes.length, indexes, cause: error });
}
