/** Lists what a folder holds, whatever bytes the names are of. */
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { nameFromBytes, systemPath } from './names.ts';

export interface FolderEntry {
  readonly name: string;
  /** `other`: pipes, sockets and devices, and what the file system does not tell. */
  readonly kind: 'file' | 'folder' | 'link' | 'other';
}

/** What Node puts in place of bytes that are not UTF-8. */
const REPLACEMENT = '\ufffd';

/** Rejects with the error of opendir(3) or readdir(3). */
export async function listFolder(path: string): Promise<FolderEntry[]> {
  const folder = systemPath(path);
  const entries = await readdir(folder, { withFileTypes: true });
  if (!entries.some(({ name }) => name.includes(REPLACEMENT))) {
    return entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }));
  }
  const raw = await readdir(folder, { withFileTypes: true, encoding: 'buffer' });
  return raw.map((entry) => ({ name: nameFromBytes(entry.name), kind: kindOf(entry) }));
}

function kindOf(entry: Pick<Dirent, 'isFile' | 'isDirectory' | 'isSymbolicLink'>): FolderEntry['kind'] {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  return entry.isSymbolicLink() ? 'link' : 'other';
}
