/**
 * Spans in a file of OTLP JSON, one `ExportTraceServiceRequest` a line (OpenTelemetry's file exporter specification). A
 * file that would grow beyond its limit becomes `path.1`, that one `path.2`, and so on; those beyond `keep` are deleted.
 * A line is written whole or not at all, also when an earlier run of the agent was killed in the middle of one.
 */

import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RetryableError } from '../../component/errors.ts';
import type { Envelope } from '../spans/resource.ts';
import { type Attributes, type DecodedScope, decodeResource, decodeScope } from '../spans/spans-decoder.ts';
import { jsonEnvelope, jsonSpan } from './otlp-json.ts';
import { spansInTurns } from './spans-in-turns.ts';
import type { EncodedSpans, Transport } from './transport.ts';

/** Traces may hold what logs hold: readable for the owner and the group only. */
const FILE_MODE = 0o640;
const FOLDER_MODE = 0o750;
const LF = 0x0a;

export interface FileTransportOptions {
  readonly path: string;
  readonly maxBytes: number;
  readonly keep: number;
  readonly envelope: Envelope;
}

interface OpenFile {
  readonly handle: FileHandle;
  readonly ino: number;
  size: number;
}

export class FileTransport implements Transport {
  readonly endpoint: string;
  readonly #options: FileTransportOptions;
  readonly #resource: Attributes;
  readonly #scope: DecodedScope;
  #file: OpenFile | null = null;

  /** Opens nothing yet. */
  constructor(options: FileTransportOptions) {
    this.endpoint = options.path;
    this.#options = options;
    const { resource, scope } = options.envelope;
    this.#resource = decodeResource(resource);
    this.#scope = decodeScope(scope);
  }

  async send(batch: readonly EncodedSpans[], signal: AbortSignal): Promise<void> {
    let lines = '';
    // A line for each portion: readers of such files have limits (the collector's: 1 MiB a line).
    for await (const { spans, scope } of spansInTurns(batch, signal)) {
      const attributes = new Map([...this.#scope.attributes, ...scope]);
      const { before, after } = jsonEnvelope(this.#resource, { ...this.#scope, attributes });
      lines += `${before}${spans.map((span) => JSON.stringify(jsonSpan(span))).join(',')}${after}\n`;
    }
    try {
      await this.#append(Buffer.from(lines));
    } catch (error) {
      throw new RetryableError(`cannot write ${this.#options.path}: ${(error as Error).message}`, {
        reason: 'io_error',
        cause: error,
      });
    }
  }

  async close(): Promise<void> {
    await this.#close();
  }

  async #append(lines: Buffer): Promise<void> {
    let file = await this.#current();
    if (file.size > 0 && file.size + lines.length > this.#options.maxBytes) {
      await this.#rotate();
      file = await this.#current();
    }
    try {
      await file.handle.appendFile(lines);
      file.size += lines.length;
    } catch (error) {
      await file.handle.truncate(file.size);
      throw error;
    }
  }

  /** The file at the path; a new one when somebody has moved or deleted the one that was open. */
  async #current(): Promise<OpenFile> {
    const { path } = this.#options;
    if (this.#file !== null) {
      const found = await stat(path).catch(() => null);
      if (found?.ino === this.#file.ino) return this.#file;
      await this.#close();
    }
    await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE });
    const handle = await open(path, 'a+', FILE_MODE);
    try {
      const { ino, size } = await handle.stat();
      this.#file = { handle, ino, size: await endLine(handle, size) };
      return this.#file;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async #rotate(): Promise<void> {
    const { path, keep } = this.#options;
    await this.#close();
    await rm(`${path}.${keep}`, { force: true });
    for (let age = keep - 1; age >= 0; age--) {
      const from = age === 0 ? path : `${path}.${age}`;
      await rename(from, `${path}.${age + 1}`).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.handle.close();
  }
}

/** Ends the line that a killed agent left unfinished; returns the size of the file then. */
async function endLine(handle: FileHandle, size: number): Promise<number> {
  if (size === 0) return 0;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  if (buffer[0] === LF) return size;
  await handle.appendFile('\n');
  return size + 1;
}
