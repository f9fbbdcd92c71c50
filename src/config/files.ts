/**
 * Files that a configuration names for reading: keys that end in `_file`, such as certificates and passwords. Says
 * whether they can be read and whether they changed, never what is in them. Called by checks.ts and at a reload.
 */
import { createHash } from 'node:crypto';
import { accessSync, constants, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Complaint } from './explain.ts';
import type { Path } from './problem.ts';

/** A complaint for every file that cannot be read. */
export function checkFiles(data: unknown, path: Path = []): Complaint[] {
  if (typeof data !== 'object' || data === null) return [];
  return Object.entries(data).flatMap(([key, value]) => {
    const inner = [...path, Array.isArray(data) ? Number(key) : key];
    if (!key.endsWith('_file') || typeof value !== 'string' || value === '') return checkFiles(value, inner);
    const reason = whyUnreadable(value);
    return reason === undefined ? [] : [{ path: inner, about: 'value', message: reason }];
  });
}

/** Does not name the file: its path may come from the environment. */
function whyUnreadable(file: string): string | undefined {
  try {
    accessSync(file, constants.R_OK);
    return statSync(file).isDirectory() ? 'this is a directory; expected the path of a file' : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'there is no such file; create it, or correct the path';
    return `this file cannot be read (${code}); let the user that runs log-capturer read it`;
  }
}

/** Every file that is named anywhere in the value, and the keys on the way to it. */
export function filesNamedIn(value: unknown, path: readonly string[] = []): NamedFile[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    const here = [...path, key];
    return key.endsWith('_file') && typeof inner === 'string' && inner !== ''
      ? [{ path: here, file: inner }]
      : filesNamedIn(inner, here);
  });
}

export interface NamedFile {
  readonly path: readonly string[];
  readonly file: string;
}

/** A hash of the content of each file; of one that cannot be read, the system's word for why. Never rejects. */
export async function digestFiles(files: Iterable<string>): Promise<Map<string, string>> {
  const digests = new Map<string, string>();
  for (const file of files) {
    const digest = await readFile(file).then(
      (bytes) => createHash('sha256').update(bytes).digest('hex'),
      (error: NodeJS.ErrnoException) => error.code ?? error.message,
    );
    digests.set(file, digest);
  }
  return digests;
}
