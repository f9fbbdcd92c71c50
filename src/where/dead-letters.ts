/**
 * Finds the dead letters of some logs in the files where they are kept (docs/dead-letters.md: one line of JSON a letter).
 * Reads only; the thread that searches logs searches these too. Called by proof.ts, once an answer.
 */
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeadLetterPlace } from './answer.ts';
import type { LetterKnowledge } from './knowledge.ts';
import type { FoundLine, LineSearch } from './line-search.ts';

const FILE = /\.jsonl$/;
/** Letters that have one of the positions in other streams are found with them, and passed over. */
const MAX_FOUND = 2000;
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

/** Where a log came from. */
export interface LetterOf {
  readonly source: string;
  readonly stream: string;
  readonly offset: number;
}

export interface FoundLetters {
  /** The letters of each of the logs. */
  readonly places: readonly (readonly DeadLetterPlace[])[];
  /** There are no others. */
  readonly complete: boolean;
}

/** All found in one search. */
export async function deadLettersOf(
  { search, folder, letters }: { search: LineSearch; folder: string; letters: LetterKnowledge },
  logs: readonly LetterOf[],
): Promise<FoundLetters> {
  const places: DeadLetterPlace[][] = logs.map(() => []);
  if (logs.length === 0) return { places, complete: true };
  const names = await readdir(folder).catch(() => []);
  const paths = names.filter((name) => FILE.test(name)).map((name) => join(folder, name));
  if (paths.length === 0) return { places, complete: true };
  const answers = await search.search({
    files: paths.map((path) => ({ key: '', path })),
    ask: {
      kind: 'text',
      text: Buffer.from('"offset":'),
      numbers: new Set(logs.map(({ offset }) => offset)),
      limit: MAX_FOUND,
      budget: BUDGET,
    },
  });
  let complete = answers.every((answer) => answer.complete && answer.path !== null);
  for (const { path, found } of answers) {
    if (path === null) continue;
    for (const line of found) {
      const letter = await read(path, line);
      if (letter === undefined) {
        complete = false;
        continue;
      }
      const { sink, reason, message } = letter;
      const place: DeadLetterPlace = {
        sink: String(sink),
        file: path,
        line: line.line ?? 0,
        reason: String(reason),
        message: String(message),
        ...(letters.wasSent(path, line.offset, line.end) && { sent_again: true }),
      };
      for (const [i, log] of logs.entries()) if (isOf(letter, log)) places[i]!.push(place);
    }
  }
  return { places, complete };
}

function isOf({ source, stream, offset }: Letter, log: LetterOf): boolean {
  return source === log.source && stream === log.stream && offset === log.offset;
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
