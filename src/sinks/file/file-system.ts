import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';
import { PermanentError, RetryableError } from '../../component/errors.ts';

/** The calls to the operating system that this sink makes to write, so that tests can let them fail, and what failures mean. */

export interface FileState {
  readonly size: number;
  readonly ino: number;
  readonly dev: number;
  readonly mtimeMs: number;
  readonly birthtimeMs: number;
  isFile(): boolean;
}

export interface OpenFile {
  writev(buffers: readonly Buffer[]): Promise<{ bytesWritten: number }>;
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
  stat(): Promise<FileState>;
  truncate(length: number): Promise<void>;
  datasync(): Promise<void>;
  close(): Promise<void>;
}

export interface FileSystem {
  /** Opens for reading and appending; creates what is missing, folders included. */
  open(path: string): Promise<OpenFile>;
  /** Undefined when there is no such file. */
  stat(path: string): Promise<FileState | undefined>;
  /** Forces the entries of a folder to the disk. */
  syncFolder(path: string): Promise<void>;
}

/** `a+`: every write goes to the end, also when somebody else appends. */
const FLAGS = 'a+';
/** Logs may hold personal data: readable for the owner and the group only. */
const FILE_MODE = 0o640;
const FOLDER_MODE = 0o750;

export const realFileSystem: FileSystem = {
  async open(path) {
    try {
      return await fs.open(path, FLAGS, FILE_MODE);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    await fs.mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE });
    return fs.open(path, FLAGS, FILE_MODE);
  },
  async stat(path) {
    try {
      return await fs.stat(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  },
  async syncFolder(path) {
    const folder = await fs.open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
};

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
  EACCES: 'permission_denied',
  EPERM: 'permission_denied',
  EROFS: 'permission_denied',
  EMFILE: 'too_many_open_files',
  ENFILE: 'too_many_open_files',
  ENOTDIR: 'bad_path',
  EISDIR: 'is_directory',
  ENAMETOOLONG: 'bad_path',
  ELOOP: 'bad_path',
};

/** The error for the dispatcher: what a disk refuses, an operator can mend. */
export function retryable(error: unknown, path: string): RetryableError {
  if (error instanceof RetryableError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = (code !== undefined && REASONS[code]) || 'io_error';
  const why = code === 'EISDIR' ? 'a directory is there; move it away or change path' : message;
  return new RetryableError(`cannot write ${path}: ${why}`, { reason, cause: error });
}

/** The error for the one thing that only other logs or another configuration would change. */
export function unusablePath(error: unknown): PermanentError | undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENAMETOOLONG') return undefined;
  const message = 'a path is longer than the operating system takes; use fewer or shorter labels in path';
  return new PermanentError(message, { reason: 'bad_path', cause: error });
}
