/**
 * What one sink has received, and whether that is right: every line that must arrive did, with its bytes intact and in
 * the order of its file; what came more than once is explained by a crash. Called by the laboratory.
 */

import type { Content, Line } from './logs.ts';
import { type LineId, readLine } from './numbered-line.ts';

/** `time` orders what a sink holds: nanoseconds under which Loki stores it, or `timeOfPlace` in a file. */
interface Arrival {
  time: bigint;
  again: bigint[];
}

/** Most bytes of a file, as a power of two. */
const PLACE_BITS = 48n;

/** The time of a line in a file that is only appended to: its place, behind how many restarts there were before it came. */
export function timeOfPlace(place: number, restarts: number): bigint {
  return (BigInt(restarts) << PLACE_BITS) + BigInt(place);
}

/** Moments in milliseconds since 1970 from which on lines may come again, each with the reason. */
export interface Restart {
  readonly at: number;
  readonly reason: string;
  /** No end of the agent: what came after it may have come partly, and then once more. */
  readonly lasts?: boolean;
}

export interface Findings {
  /** What must not be, in words; empty: nothing. */
  readonly faults: string[];
  readonly arrived: number;
  /** Lines that came again after a restart, by the reason of the restart. */
  readonly repeated: Readonly<Record<string, number>>;
}

/** Most faults of one kind that are written out. */
const MAX_NAMED = 5;
/** A file of which no more than this was read is not known again in a copy or an archive, in bytes. */
const TELLING_BYTES = 256;
const TOO_SHORT = 'copied or compressed when hardly anything was read';
/** Clocks of the two processes are read at different moments, in milliseconds. */
const TOLERANCE_MS = 100;

export class Receiver {
  readonly name: string;
  readonly #seed: number;
  readonly #arrivals = new Map<string, Arrival>();
  readonly #strange: Buffer[] = [];
  /** Lines the sink was told to refuse. */
  readonly refused = new Set<string>();
  /** Lines in the dead letters of the sink. */
  readonly dead = new Set<string>();
  /** Lines that their sender sent more than once. */
  resent: ReadonlySet<string> = new Set();
  empties = 0;

  constructor(name: string, seed: number) {
    this.name = name;
    this.#seed = seed;
  }

  receive(line: Buffer, time: bigint): void {
    if (line.length === 0 || (line.length === 1 && line[0] === 13)) {
      this.empties++;
      return;
    }
    const id = readLine(this.#seed, line);
    if (id === undefined) {
      this.#strange.push(Buffer.from(line));
      return;
    }
    const key = keyOf(id);
    const known = this.#arrivals.get(key);
    if (known === undefined) this.#arrivals.set(key, { time, again: [] });
    else known.again.push(time);
  }

  has(file: number, seq: number): boolean {
    const key = keyOf({ file, seq });
    return this.#arrivals.has(key) || this.dead.has(key);
  }

  /** For people: of each line, as `file.seq`, every time it arrived under, and whether it is a dead letter. */
  history(): string {
    const lines = [...this.#arrivals].map(([key, { time, again }]) => [key, time, ...again].join(' '));
    return [...lines, ...[...this.dead].map((key) => `${key} dead`), ''].join('\n');
  }

  /** How many lines are missing that must be there. */
  missing(contents: readonly Content[]): number {
    let missing = 0;
    for (const { file, lines } of contents) {
      for (const line of lines) if (line.excuse === undefined && !this.has(file, line.seq)) missing++;
    }
    return missing;
  }

  /** `restarts`: when lines may have come again; `isTimed`: times are nanoseconds, else those of places in a file. */
  judge(contents: readonly Content[], restarts: readonly Restart[], isTimed: boolean): Findings {
    const faults: string[] = [];
    const repeated: Record<string, number> = {};
    const report = new Report(`${this.name}: `, faults);
    let arrived = 0;
    let empties = 0;
    for (const content of contents) {
      let before = { first: -1n, last: -1n };
      if (content.lines.every(({ excuse }) => excuse === undefined)) empties += content.empties;
      for (const line of content.lines) {
        const key = keyOf({ file: content.file, seq: line.seq });
        const arrival = this.#arrivals.get(key);
        if (arrival === undefined) {
          if (line.excuse === undefined && !this.refused.has(key))
            report.add('lost', describe(content, line));
          continue;
        }
        arrived++;
        let reason = explain(arrival, restarts, isTimed);
        if (reason === null && this.resent.has(key)) reason = 'sent again by the client';
        if (reason === null && content.moved && line.end <= TELLING_BYTES) reason = TOO_SHORT;
        if (reason === null) report.add('twice without a reason', describe(content, line));
        else if (reason !== undefined) repeated[reason] = (repeated[reason] ?? 0) + 1;
        // A file that is gone was not delivered anew from where an agent stood that was killed, and a client that sends
        // lines again does not know what has become of the first ones.
        if (
          content.excuse !== undefined ||
          line.excuse !== undefined ||
          this.refused.has(key) ||
          this.dead.has(key) ||
          this.resent.has(key)
        ) {
          continue;
        }
        const times = [arrival.time, ...arrival.again].toSorted(byTime);
        const [first, last] = [times[0]!, times.at(-1)!];
        // Again after a restart came only those before it: the agent ended once more before it had come so far.
        const isCutOff = first > before.first && hasRestarted(last, before.last, restarts, isTimed);
        if (last <= before.last && !isCutOff) {
          report.add('out of order', `${describe(content, line)} at ${last}, behind ${before.last}`);
        }
        before = { first, last };
      }
    }
    for (const line of this.#strange) {
      if (!isFragment(line, contents)) report.add('damaged', JSON.stringify(line.toString('latin1', 0, 120)));
    }
    for (const key of this.#arrivals.keys()) {
      const [file, seq] = key.split('.').map(Number) as [number, number];
      if (contents[file] === undefined || seq > contents[file].lines.length) report.add('never written', key);
    }
    if (this.empties < empties) report.add('empty lines lost', `${empties - this.empties} of ${empties}`);
    report.close();
    return { faults, arrived, repeated };
  }
}

/** The reason of the restarts that explain the repetitions; undefined: there are none; null: they cannot be explained. */
function explain(
  arrival: Arrival,
  restarts: readonly Restart[],
  isTimed: boolean,
): string | undefined | null {
  // Loki keeps one of those that come under the same time.
  const times = [...new Set([arrival.time, ...arrival.again])].toSorted(byTime);
  if (times.length === 1) return undefined;
  let reason: string | null = null;
  for (let index = 1; index < times.length; index++) {
    const [before, after] = [times[index - 1]!, times[index]!];
    const restart = isTimed ? restartBetween(before, after, restarts) : restartAmong(before, after, restarts);
    if (restart === undefined) return null;
    reason = restart.reason;
  }
  return reason;
}

function hasRestarted(
  before: bigint,
  after: bigint,
  restarts: readonly Restart[],
  isTimed: boolean,
): boolean {
  const ends = restarts.map((restart) => ({ ...restart, lasts: false }));
  return (isTimed ? restartBetween : restartAmong)(before, after, ends) !== undefined;
}

function restartBetween(before: bigint, after: bigint, restarts: readonly Restart[]): Restart | undefined {
  const from = Number(before / 1_000_000n) - TOLERANCE_MS;
  const to = Number(after / 1_000_000n) + TOLERANCE_MS;
  return restarts.find(({ at }) => at >= from && at <= to);
}

/** The same by places in a file, which tell how many restarts there were before. */
function restartAmong(before: bigint, after: bigint, restarts: readonly Restart[]): Restart | undefined {
  const [from, to] = [Number(before >> PLACE_BITS), Number(after >> PLACE_BITS)];
  return restarts.slice(from, to)[0] ?? restarts.slice(0, from).find(({ lasts }) => lasts);
}

/** Whether it is the start of a line whose end was never written, or was destroyed. */
function isFragment(found: Buffer, contents: readonly Content[]): boolean {
  const match = /^@\d+\.(\d+)\.(\d+)\./.exec(found.toString('latin1', 0, 60));
  if (match === null) return contents.some(({ partial }) => begins(partial, found));
  const content = contents[Number(match[1])];
  if (content === undefined) return false;
  const line = content.lines[Number(match[2])];
  return line === undefined
    ? begins(content.partial, found)
    : line.excuse !== undefined && begins(line.bytes, found);
}

function byTime(a: bigint, b: bigint): number {
  return a < b ? -1 : 1;
}

function begins(whole: Buffer, start: Buffer): boolean {
  return start.length <= whole.length && whole.subarray(0, start.length).equals(start);
}

function keyOf({ file, seq }: LineId): string {
  return `${file}.${seq}`;
}

function describe(content: Content, line: Line): string {
  return `line ${line.seq} of ${content.lines.length} of file ${content.file} (${content.log}, ${content.path ?? 'deleted'}, ${content.key})`;
}

class Report {
  readonly #prefix: string;
  readonly #faults: string[];
  readonly #kinds = new Map<string, string[]>();

  constructor(prefix: string, faults: string[]) {
    this.#prefix = prefix;
    this.#faults = faults;
  }

  add(kind: string, what: string): void {
    const named = this.#kinds.get(kind);
    if (named === undefined) this.#kinds.set(kind, [what]);
    else named.push(what);
  }

  close(): void {
    for (const [kind, named] of this.#kinds) {
      this.#faults.push(
        `${this.#prefix}${named.length} ${kind}: ${named.slice(0, MAX_NAMED).join('; ')}${named.length > MAX_NAMED ? `; … ${named.at(-1)}` : ''}`,
      );
    }
  }
}
