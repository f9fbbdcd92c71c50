/**
 * Finds the dead letters of one log in the files where they are kept (docs/dead-letters.md: one line of JSON a letter).
 * Reads only; the thread that searches logs searches these too. Called by proof.ts.
 */
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeadLetterPlace } from './answer.ts';
import type { FoundLine, LineSearch } from './line-search.ts';

const FILE = /\.jsonl$/;
/** Letters that have the same position in other streams are found with it, and passed over. */
const MAX_FOUND = 1000;
const BUDGET = 4 * 2 ** 30;
/** Longest letter that is read, in bytes: its text may be a log of 64 MiB, of which nothing is shown. */
const MAX_LETTER = 1 << 20;

interface Letter {
  readonly sink?: unknown;
  readonly reason?: unknown;
  readonly message?: unknown;
  readonly source?: unknown;
  readonly stream?: unknown;
  readonly offset?: unknown;
}

export async function deadLettersAt(
  { search, deadLetters: folder }: { search: LineSearch; deadLetters: string },
  at: { readonly source: string; readonly stream: string; readonly offset: number },
): Promise<DeadLetterPlace[]> {
  const names = await readdir(folder).catch(() => []);
  const paths = names.filter((name) => FILE.test(name)).map((name) => join(folder, name));
  if (paths.length === 0) return [];
  const answers = await search.search({
    files: paths.map((path) => ({ key: '', path })),
    ask: { kind: 'text', text: Buffer.from(`"offset":${at.offset},`), limit: MAX_FOUND, budget: BUDGET },
  });
  const places: DeadLetterPlace[] = [];
  for (const { path, found } of answers) {
    if (path === null) continue;
    for (const line of found) {
      const letter = await read(path, line);
      if (letter?.source !== at.source || letter.stream !== at.stream || letter.offset !== at.offset)
        continue;
      const { sink, reason, message } = letter;
      places.push({
        sink: String(sink),
        file: path,
        line: line.line ?? 0,
        reason: String(reason),
        message: String(message),
      });
    }
  }
  return places;
}

async function read(path: string, { offset, end }: FoundLine): Promise<Letter | undefined> {
  if (end - offset > MAX_LETTER) return undefined;
  try {
    await using file = await open(path, 'r');
    const { buffer } = await file.read(Buffer.alloc(end - offset), 0, end - offset, offset);
    return JSON.parse(buffer.toString()) as Letter;
  } catch {
    return undefined;
  }
}
