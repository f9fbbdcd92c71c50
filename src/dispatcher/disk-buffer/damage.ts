import { join } from 'node:path';
import type { Logger } from '../../component/logger.ts';
import { type BufferFile, QUARANTINE } from './buffer-file.ts';

/** Counts what is damaged in the files of a buffer, and tells of it. */
export class Damage {
  readonly #options: { readonly folder: string; readonly log: Logger };
  places = 0;
  bytes = 0;
  /** As far as they could be counted. */
  records = 0;

  constructor(options: { folder: string; log: Logger }) {
    this.#options = options;
  }

  /** So many bytes of the file are damaged, with that many records; null: it cannot be told. */
  note(file: BufferFile, bytes: number, records: number | null): void {
    file.damaged = true;
    // Found when the buffer was opened, and now once more.
    if (file.scanned) return;
    this.places++;
    this.bytes += bytes;
    this.records += records ?? 0;
    const { log, folder } = this.#options;
    log.error(
      { file: file.path, bytes, ...(records !== null && { records }), kept_in: join(folder, QUARANTINE) },
      'a disk buffer is damaged; what is intact is delivered, and the file is kept',
    );
  }
}
