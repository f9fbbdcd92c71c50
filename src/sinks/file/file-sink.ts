import { LineEncoder } from '../../component/lines.ts';
import type { Sink } from '../../component/sink.ts';
import type { Context } from '../../component/spec.ts';
import type { Delivery } from '../../record/delivery.ts';
import { type FileSystem, realFileSystem, retryable } from './file-system.ts';
import type { FileConfig } from './index.ts';
import { OpenFiles } from './open-files.ts';
import type { OutputFile } from './output-file.ts';
import { OutputPaths } from './output-path.ts';
import { Rotation } from './rotation.ts';

/**
 * Appends deliveries to files, whole or not at all: when one file of a delivery fails, what the others got is cut off
 * again, so that a retry doubles no line. One write a file and delivery; untouched segments are not copied.
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
    this.#files = new OpenFiles({ ...context, config, system, rotation: this.#rotation });
  }

  async open(): Promise<void> {}

  async write(delivery: Delivery, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { clock } = this.#context;
    const pending = new Map<string, Buffer[]>();
    const sizesBefore = new Map<OutputFile, number>();
    let bytes = 0;
    try {
      await this.#encoder.encode(delivery, signal, {
        piece: (segment, piece) => {
          bytes += piece.length;
          const path = this.#paths.of(segment.stream, clock.toEpoch(segment.readAt));
          const pieces = pending.get(path);
          if (pieces === undefined) pending.set(path, [piece]);
          else addPiece(pieces, piece);
        },
        flush: async () => {
          for (const [path, pieces] of pending) await this.#append(path, pieces, sizesBefore);
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
    this.#records += delivery.records;
    this.#bytes += bytes;
    await this.#files.trim();
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

  async #append(
    path: string,
    pieces: readonly Buffer[],
    sizesBefore: Map<OutputFile, number>,
  ): Promise<void> {
    const { clock } = this.#context;
    await inFile(path, async () => {
      const incoming = pieces.reduce((sum, piece) => sum + piece.length, 0);
      const file = await this.#files.take(path, incoming, sizesBefore);
      if (!sizesBefore.has(file)) sizesBefore.set(file, file.size);
      await file.append(pieces, clock.toEpoch(clock.now()));
    });
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
    throw retryable(error, path);
  }
}
