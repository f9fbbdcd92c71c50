/**
 * From a path to the files that sources read: the one that is there now, by device and inode, and those that had the path
 * before rotation. No other file is ever looked into, whatever path is asked for.
 */
import { stat } from 'node:fs/promises';
import type { TailedFile } from './knowledge.ts';

export interface Candidates {
  /** What is under the path now, once for each source that reads it; empty: nothing that a source reads. */
  readonly current: readonly TailedFile[];
  /** Files that were found under the path earlier, the latest first as far as that is known. */
  readonly earlier: readonly TailedFile[];
}

/** @param path absolute. @param key of the file meant, if that is known; the path then only names its stream. */
export async function filesAt(path: string, files: Iterable<TailedFile>, key?: string): Promise<Candidates> {
  const all = [...files];
  const wanted = key ?? (await keyOf(path));
  const current = wanted === undefined ? [] : all.filter(({ file }) => file.key === wanted);
  const streams = new Set([path, ...current.map(({ file }) => file.stream)]);
  const namesakes = all.filter(
    ({ file }) => file.key !== wanted && (streams.has(file.stream) || String(file.path) === path),
  );
  const earlier = [
    ...namesakes.filter(({ file }) => file.tailed),
    ...namesakes.filter(({ file }) => !file.tailed),
  ];
  if (current.length > 0 || key !== undefined) return { current, earlier };
  // Nothing is there: what was there last is meant. Else a new file took the place a moment ago, and is found soon.
  if (wanted === undefined) return { current: earlier.slice(0, 1), earlier: earlier.slice(1) };
  const reader = earlier.find(({ file }) => file.stream === path);
  if (reader === undefined) return { current: [], earlier: [] };
  return { current: [{ source: reader.source, file: unread(path, wanted) }], earlier };
}

function unread(path: string, key: string): TailedFile['file'] {
  return { key, stream: path, path, position: 0, committed: 0, began: 0, skipped: 0, tailed: true };
}

async function keyOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
