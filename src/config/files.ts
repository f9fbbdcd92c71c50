/**
 * Files that a configuration names for reading: keys that end in `_file`, such as certificates and passwords. Says
 * whether they can be read, never what is in them. Called by checks.ts.
 */
import { accessSync, constants, statSync } from 'node:fs';
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
