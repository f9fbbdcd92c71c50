/**
 * Reads the dead letters of a state directory, oldest file of each sink first, also while an agent writes there. Changes
 * nothing. Called by the command line.
 */
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type DeadLetter, decodeDeadLetter } from './dead-letter.ts';
import { DeadLetterFile, parseName } from './dead-letter-file.ts';
import { readLines } from './read-lines.ts';
import { FOLDER } from './store.ts';

/** What is absent does not restrict. */
export interface LetterFilter {
  readonly sink?: string | undefined;
  readonly source?: string | undefined;
  readonly reason?: string | undefined;
}

export interface FoundLetter {
  /** Undefined where the line is damaged. */
  readonly letter: DeadLetter | undefined;
  readonly file: string;
  /** Its number in the file, from 1. */
  readonly line: number;
  /** In bytes, with its line feed. */
  readonly size: number;
  /** It was sent again and taken. */
  readonly sent: boolean;
}

/** Damaged lines of a sink's files come whatever else is asked for. */
export async function* readLetters(stateDir: string, filter: LetterFilter): AsyncGenerator<FoundLetter> {
  const dir = join(stateDir, FOLDER);
  const names = (await readdir(dir).catch(nothingIfMissing))
    .map(parseName)
    .filter((name) => name !== undefined);
  names.sort((a, b) => (a.sink < b.sink ? -1 : a.sink > b.sink ? 1 : a.number - b.number));
  for (const name of names) {
    if (filter.sink !== undefined && filter.sink !== name.sink) continue;
    yield* lettersIn(new DeadLetterFile(dir, name), filter);
  }
}

async function* lettersIn(
  file: DeadLetterFile,
  { source, reason }: LetterFilter,
): AsyncGenerator<FoundLetter> {
  try {
    await file.load();
  } catch (error) {
    // Sent again, or deleted to make room, a moment ago.
    nothingIfMissing(error);
    return;
  }
  await using handle = await open(file.path, 'r');
  let line = 0;
  for await (const { bytes, from, to } of readLines(handle, file.size)) {
    line++;
    const letter = decodeDeadLetter(bytes);
    const asked =
      letter === undefined ||
      ((source === undefined || source === letter.source) &&
        (reason === undefined || reason === letter.reason));
    if (asked) yield { letter, file: file.path, line, size: to - from, sent: file.sent.has(from, to) };
  }
}

function nothingIfMissing(error: unknown): never[] {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  return [];
}
