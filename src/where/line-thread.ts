/**
 * The thread behind line-search.ts: opens the files of a task one after the other and finds the lines it asks for. Opens a
 * file only when it is the one that was meant, by device and inode; where rotation has renamed it, looks beside.
 */
import fs from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { BudgetSpent, type Line, LineReader } from './line-reader.ts';
import type { FileAnswer, FoundLine, SearchedFile, Task } from './line-search.ts';

/** Most names beside a path that are looked at. */
const MAX_SIBLINGS = 2000;
/** Of files larger than this, lines are not counted, in bytes: it would take longer than the search itself. */
const MAX_COUNTED = 4 * 2 ** 30;
/**
 * A tenth of the share that the pipeline's thread gets of a core both want: the answer still comes within seconds. Linux
 * has priorities for each thread, and 0 means the one that calls (setpriority(2), NOTES; weights: sched(7)).
 */
const PRIORITY = 10;
/** Should a pipe have taken the place of a file, opening it must not wait for a writer. */
const FLAGS = fs.constants.O_RDONLY | fs.constants.O_NONBLOCK | fs.constants.O_NOCTTY;

if (process.platform === 'linux') setPriority(0, PRIORITY);

parentPort!.on('message', (task: Task) => parentPort!.postMessage(answer(task)));

function answer({ files, ask }: Task): FileAnswer[] {
  let left = ask.kind === 'text' ? ask.budget : Number.POSITIVE_INFINITY;
  let limit = ask.kind === 'text' ? ask.limit : files.length;
  const answers: FileAnswer[] = [];
  for (const file of files) {
    if (limit <= 0 || left <= 0) {
      answers.push({ key: file.key, path: null, size: 0, found: [], complete: false });
      continue;
    }
    const opened = open(file);
    if (opened === null) {
      answers.push({ key: file.key, path: null, size: 0, found: [], complete: true });
      continue;
    }
    try {
      const reader = new LineReader(opened.fd, { budget: left });
      const answered = find(reader, ask, limit);
      left -= reader.bytesRead;
      limit -= answered.found.length;
      answers.push({ key: file.key, path: opened.path, size: reader.size, ...answered });
    } catch {
      answers.push({ key: file.key, path: null, size: 0, found: [], complete: false });
    } finally {
      fs.closeSync(opened.fd);
    }
  }
  return answers;
}

type Found = Pick<FileAnswer, 'found' | 'complete' | 'lines' | 'terminators'>;

function find(reader: LineReader, ask: Task['ask'], limit: number): Found {
  switch (ask.kind) {
    case 'line': {
      const line = reader.lineNumber(ask.line);
      const found = line === null ? [] : [{ ...line, line: ask.line }];
      const lines = line === null ? { lines: reader.countLines() } : {};
      return { found, complete: true, ...lines };
    }
    case 'offset': {
      const line = reader.lineAt(ask.offset);
      return { found: line === null ? [] : numbered(reader, [line]), complete: true };
    }
    case 'text': {
      const { lines, complete } = reader.linesWith(Buffer.from(ask.text), limit, ask.numbers);
      return { found: numbered(reader, lines), complete };
    }
    case 'place': {
      const [before, all] = reader.countTerminators(ask.from, [ask.offset, ask.to]);
      return { found: [], complete: true, terminators: [before!, all!] };
    }
    case 'nth': {
      const line = reader.lineNumber(ask.place + 1, ask.from);
      return { found: line === null ? [] : numbered(reader, [line]), complete: true };
    }
  }
}

/** Lines with their numbers, as far as the file is small enough, and the budget large enough, to count them. */
function numbered(reader: LineReader, lines: readonly Line[]): FoundLine[] {
  const offsets = lines.map(({ offset }) => offset).sort((a, b) => a - b);
  const counts = (offsets.at(-1) ?? 0) > MAX_COUNTED ? null : counted(reader, offsets);
  if (counts === null) return lines.map((line) => ({ ...line, line: null }));
  return lines.map((line) => ({ ...line, line: counts[offsets.indexOf(line.offset)]! + 1 }));
}

/** Null when the budget does not reach so far. */
function counted(reader: LineReader, offsets: readonly number[]): number[] | null {
  try {
    return reader.countTerminators(0, offsets);
  } catch (error) {
    if (error instanceof BudgetSpent) return null;
    throw error;
  }
}

/** The file with that key, under its path or beside it; null: it is not to be found, or not to be read. */
function open({ key, path }: SearchedFile): { fd: number; path: string } | null {
  const bytes = typeof path === 'string' ? Buffer.from(path) : Buffer.from(path);
  const direct = openIf(bytes, key);
  if (direct !== null || key === '') return direct;
  const slash = bytes.lastIndexOf(0x2f);
  if (slash === -1) return null;
  const folder = bytes.subarray(0, slash + 1);
  const name = bytes.subarray(slash + 1);
  let names: Buffer[];
  try {
    names = fs.readdirSync(folder, { encoding: 'buffer' }) as Buffer[];
  } catch {
    return null;
  }
  const isRelative = (other: Buffer) => other.subarray(0, name.length).equals(name);
  const ordered = [...names.filter(isRelative), ...names.filter((other) => !isRelative(other))];
  for (const other of ordered.slice(0, MAX_SIBLINGS)) {
    const place = Buffer.concat([folder, other]);
    if (keyAt(place) === key) return openIf(place, key);
  }
  return null;
}

function keyAt(path: Buffer): string | undefined {
  try {
    const stats = fs.statSync(path, { bigint: true });
    return stats.isFile() ? `${stats.dev}:${stats.ino}` : undefined;
  } catch {
    return undefined;
  }
}

function openIf(path: Buffer, key: string): { fd: number; path: string } | null {
  let fd: number;
  try {
    fd = fs.openSync(path, FLAGS);
  } catch {
    return null;
  }
  const { dev, ino } = fs.fstatSync(fd, { bigint: true });
  if (key === '' || `${dev}:${ino}` === key) return { fd, path: path.toString() };
  fs.closeSync(fd);
  return null;
}
