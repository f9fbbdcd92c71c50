/** `log-capturer dead-letters list`: how many there are, by sink, reason and source. Reads files, asks no agent. */
import { resolve } from 'node:path';
import { type LetterFilter, readLetters } from '../../dispatcher/dead-letters/read-letters.ts';
import { ExitCode } from '../exit-code.ts';
import { print } from '../print.ts';
import { printable } from '../printable.ts';
import { configFile, readConfig } from '../read-config.ts';
import { table } from '../table.ts';

export interface ListOptions extends LetterFilter {
  readonly config?: string;
  readonly json?: boolean;
}

/** Letters that have the same sink, reason and source, and were not sent again. */
interface Group {
  readonly sink: string;
  readonly reason: string;
  readonly source: string;
  letters: number;
  /** In the files. */
  bytes: number;
  /** When they became dead letters, in ISO 8601. */
  oldest: string;
  newest: string;
}

export interface Listing {
  readonly letters: number;
  readonly bytes: number;
  /** Sent again and taken; they lie in files with others that were not. */
  readonly sent: number;
  /** Lines that cannot be read. */
  readonly damaged: number;
  readonly groups: readonly Group[];
}

export async function list(options: ListOptions): Promise<ExitCode> {
  const config = await readConfig(configFile(options.config));
  if (config === undefined) return ExitCode.config;
  const listing = await listingOf(resolve(config.state_dir), options);
  print(options.json ? `${JSON.stringify(listing, null, 2)}\n` : printable(showListing(listing)));
  return ExitCode.ok;
}

export async function listingOf(stateDir: string, filter: LetterFilter): Promise<Listing> {
  const groups = new Map<string, Group>();
  let sent = 0;
  let damaged = 0;
  for await (const found of readLetters(stateDir, filter)) {
    const { letter } = found;
    if (letter === undefined) damaged++;
    else if (found.sent) sent++;
    else {
      const { sink, reason, source, dead_lettered_at: at } = letter;
      const key = JSON.stringify([sink, reason, source]);
      const group = groups.get(key) ?? { sink, reason, source, letters: 0, bytes: 0, oldest: at, newest: at };
      groups.set(key, group);
      group.letters++;
      group.bytes += found.size;
      if (at < group.oldest) group.oldest = at;
      if (at > group.newest) group.newest = at;
    }
  }
  const sum = (of: (group: Group) => number) =>
    groups.values().reduce((total, group) => total + of(group), 0);
  return {
    letters: sum(({ letters }) => letters),
    bytes: sum(({ bytes }) => bytes),
    sent,
    damaged,
    groups: [...groups.values()].toSorted((a, b) => b.letters - a.letters),
  };
}

function showListing({ letters, bytes, sent, damaged, groups }: Listing): string {
  const notes = [
    ...(sent > 0 ? [`${sent} more were sent again and wait for the rest of their file\n`] : []),
    ...(damaged > 0 ? [`${damaged} damaged lines are left aside\n`] : []),
  ].join('');
  if (letters === 0) return `no dead letters\n${notes}`;
  const rows = groups.map((group) => [
    group.sink,
    group.reason,
    group.source,
    group.letters,
    group.bytes,
    group.oldest,
    group.newest,
  ]);
  const columns = ['SINK', 'REASON', 'SOURCE', '>LETTERS', '>BYTES', 'OLDEST', 'NEWEST'];
  return `${table(columns, rows)}${letters} dead letters, ${bytes} bytes\n${notes}`;
}
