/**
 * Open files, kept for the source that goes on in the place of one whose configuration was changed: deleted files can be
 * read to their end only by who has them open. Called by the file source.
 */
import { closeFile, type OpenFile } from './file-handle.ts';

const left = new Map<string, OpenFile[]>();

/** Leaves the files for the next source of that name. They stay open until it takes or closes them. */
export function leave(source: string, files: readonly OpenFile[]): void {
  if (files.length > 0) left.set(source, [...(left.get(source) ?? []), ...files]);
}

/** What was left for the source; whoever calls this has to close it. */
export class Heritage {
  readonly #files: Map<string, OpenFile>;

  constructor(source: string) {
    this.#files = new Map((left.get(source) ?? []).map((file) => [`${file.dev}:${file.ino}`, file]));
    left.delete(source);
  }

  /** The open file with this key, once. */
  take(key: string): OpenFile | undefined {
    const file = this.#files.get(key);
    this.#files.delete(key);
    return file;
  }

  /** Closes what was not taken. */
  close(): void {
    for (const { fd } of this.#files.values()) closeFile(fd);
    this.#files.clear();
  }
}
