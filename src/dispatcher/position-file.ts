/**
 * Format of the positions file: a header line, then one line an entry, each with its own checksum, so that damage to
 * one entry costs only that entry: `<crc32, 8 hex digits> <JSON>`. The header's JSON is `{"version":1,"entries":N}`,
 * an entry's is `["source","key",value]`.
 */
import { crc32 } from 'node:zlib';

export type PositionEntry = readonly [source: string, key: string, value: unknown];

export interface DecodedPositions {
  readonly entries: PositionEntry[];
  /** What is wrong with the file, for people; empty when it is intact. */
  readonly damage: string[];
}

const VERSION = 1;

export function encodePositions(entries: readonly PositionEntry[]): string {
  const lines = [
    JSON.stringify({ version: VERSION, entries: entries.length }),
    ...entries.map((e) => JSON.stringify(e)),
  ];
  return lines.map((json) => `${checksum(json)} ${json}\n`).join('');
}

/** Never throws: whatever is intact is returned, whatever is not is described. */
export function decodePositions(text: string): DecodedPositions {
  const damage: string[] = [];
  const lines = text.split('\n');
  if (lines.pop() !== '') damage.push('the last line is cut off');
  const header = parseLine(lines[0] ?? '') as { version?: unknown; entries?: unknown } | undefined;
  if (header === undefined || header.version !== VERSION) damage.push('the header is damaged');
  const entries: PositionEntry[] = [];
  for (let line = 1; line < lines.length; line++) {
    const entry = parseLine(lines[line]!);
    if (isEntry(entry)) entries.push(entry);
    else damage.push(`line ${line + 1} is damaged`);
  }
  if (typeof header?.entries === 'number' && header.entries > lines.length - 1) {
    damage.push(`${header.entries - (lines.length - 1)} of ${header.entries} entries are missing`);
  }
  return { entries, damage };
}

function checksum(json: string): string {
  return crc32(json).toString(16).padStart(8, '0');
}

function parseLine(line: string): unknown {
  const json = line.slice(9);
  if (line[8] !== ' ' || line.slice(0, 8) !== checksum(json)) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is PositionEntry {
  return (
    Array.isArray(value) && value.length === 3 && typeof value[0] === 'string' && typeof value[1] === 'string'
  );
}
