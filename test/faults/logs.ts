/**
 * The logs that the writer keeps: writes numbered lines, rotates in every way, and knows of every line whether it must
 * arrive. A line need not arrive only when the rotation itself destroyed it, or when nobody could know of it; each such
 * line is excused with a reason. Called by the laboratory, one call at a time, so that no write races with a rotation.
 */
import {
  closeSync,
  copyFileSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { numberedLine } from './numbered-line.ts';
import type { Random } from './random.ts';

const NONE = Buffer.alloc(0);

export interface Line {
  readonly seq: number;
  readonly bytes: Buffer;
  /** Where it ends in its file, with its terminator. */
  readonly end: number;
  /** Why it need not arrive; undefined: it must. */
  excuse?: string;
}

/** What a file held from its creation, or from its last truncation, on. */
export interface Content {
  readonly file: number;
  readonly log: string;
  readonly lines: Line[];
  /** Device and inode of the file that holds it now. */
  key: string;
  /** The bytes of a line that has no end yet. */
  partial: Buffer;
  /** How many of those bytes were written. */
  half: number;
  size: number;
  /** Where it is to be found now; null: deleted, or in a rotated file that holds only a copy of a part of it. */
  path: string | null;
  compressed: boolean;
  /** It was copied or compressed, so that it is in another file now. */
  moved: boolean;
  /** Why nothing that is written to it from now on need arrive. */
  excuse?: string;
  empties: number;
}

interface Log {
  readonly name: string;
  readonly path: string;
  readonly linked: boolean;
  fd: number;
  content: Content;
  /** A writer that was not told of a rotation. */
  stale: { fd: number; content: Content } | undefined;
}

export class Logs {
  readonly folder: string;
  readonly contents: Content[] = [];
  readonly #seed: number;
  readonly #random: Random;
  readonly #logs = new Map<string, Log>();
  #rotations = 0;
  #posted: Content | undefined;
  /** Set by the laboratory: whether the agent has the file with this key open now. */
  isHeld: (key: string) => boolean = () => false;

  constructor(options: { folder: string; seed: number; random: Random }) {
    this.folder = options.folder;
    this.#seed = options.seed;
    this.#random = options.random;
    mkdirSync(join(this.folder, 'targets'), { recursive: true });
  }

  /** Appends whole lines, in one call of write(2) or in several, and perhaps the start of another. */
  write(name: string, count: number): void {
    const log = this.#logs.get(name) ?? this.#create(name);
    this.#append(log.fd, log.content, count);
  }

  /** Makes lines that are sent rather than written to a file. Returns what they belong to, and the first of them. */
  makeForPost(count: number): { content: Content; from: number; to: number } {
    this.#posted ??= this.#content('http', { key: '', path: null });
    const content = this.#posted;
    const from = content.lines.length;
    for (let made = 0; made < count; made++) {
      const seq = content.lines.length;
      const bytes = numberedLine(this.#seed, { file: content.file, seq }, this.#random, { isText: true });
      content.lines.push({ seq, bytes, end: 0 });
    }
    return { content, from, to: content.lines.length };
  }

  /** The writer that still has the rotated file open adds to it. */
  writeStale(name: string, count: number): void {
    const stale = this.#logs.get(name)?.stale;
    if (stale !== undefined) this.#append(stale.fd, stale.content, count);
  }

  rename(name: string, { keepsWriter }: { keepsWriter: boolean }): void {
    const log = this.#logs.get(name);
    if (log === undefined || log.linked || log.content.path === null) return;
    const target = `${log.path}.${++this.#rotations}`;
    renameSync(log.path, target);
    log.content.path = target;
    if (keepsWriter && log.stale === undefined) {
      log.stale = { fd: log.fd, content: log.content };
      this.#open(log);
    } else this.#reopen(log);
  }

  /** Copies, lets the writer go on, truncates: what was written in between is destroyed by the rotator itself. */
  copyTruncate(name: string, { between, copies }: { between: number; copies: boolean }): void {
    const log = this.#logs.get(name);
    if (log === undefined || log.linked || log.content.path === null) return;
    const old = log.content;
    const copied = old.size;
    const target = `${log.path}.${++this.#rotations}`;
    if (copies) copyFileSync(log.path, target);
    if (between > 0) this.#append(log.fd, old, between);
    ftruncateSync(log.fd);
    for (const line of old.lines) {
      if (!copies) line.excuse ??= 'truncated without a copy';
      else if (line.end > copied) line.excuse ??= 'written between copy and truncation';
    }
    old.path = copies ? target : null;
    old.moved = true;
    if (copies) old.key = keyOf(statSync(target, { bigint: true }));
    log.content = this.#begin(log);
  }

  /** Deletes the file and creates it anew. What the agent has not open is gone. */
  recreate(name: string): void {
    const log = this.#logs.get(name);
    if (log === undefined || log.linked || log.content.path === null) return;
    rmSync(log.path);
    log.content.path = null;
    if (!this.isHeld(log.content.key)) this.excuse(log.content, 'deleted before the agent had opened it');
    this.#reopen(log);
  }

  /** Points the symbolic link to a new file. */
  swap(name: string): void {
    const log = this.#logs.get(name);
    if (log === undefined || !log.linked) return;
    const isHeld = this.isHeld(log.content.key);
    if (!isHeld) this.excuse(log.content, 'its link was pointed elsewhere before the agent had opened it');
    this.#reopen(log);
  }

  /** Compresses files that were rotated, as logrotate does: first the archive, then the original is deleted. */
  compress(name: string): void {
    for (const content of this.contents) {
      if (content.log !== name || content.path === null || content.compressed) continue;
      const log = this.#logs.get(name)!;
      if (content === log.content || content === log.stale?.content || log.linked) continue;
      const archive = `${content.path}.gz`;
      writeFileSync(archive, gzipSync(readFileSync(content.path)));
      rmSync(content.path);
      content.key = keyOf(statSync(archive, { bigint: true }));
      content.path = archive;
      content.compressed = true;
      content.moved = true;
    }
  }

  excuse(content: Content, reason: string): void {
    for (const line of content.lines) line.excuse ??= reason;
  }

  /** Whether the log's path leads to it. */
  isCurrent(content: Content): boolean {
    return this.#logs.get(content.log)?.content === content;
  }

  names(): string[] {
    return [...this.#logs.keys()];
  }

  close(): void {
    for (const { fd, stale } of this.#logs.values()) {
      closeSync(fd);
      if (stale !== undefined) closeSync(stale.fd);
    }
  }

  #create(name: string): Log {
    const linked = name.startsWith('link');
    const log = { name, path: join(this.folder, name), linked, stale: undefined } as unknown as Log;
    this.#logs.set(name, log);
    this.#open(log);
    return log;
  }

  #reopen(log: Log): void {
    closeSync(log.fd);
    this.#open(log);
  }

  #open(log: Log): void {
    let { path } = log;
    if (log.linked) {
      path = join(this.folder, 'targets', `${log.name}-${++this.#rotations}.data`);
      log.fd = openSync(path, 'a');
      const fresh = `${log.path}.new`;
      symlinkSync(path, fresh);
      renameSync(fresh, log.path);
    } else log.fd = openSync(path, 'a');
    log.content = this.#begin(log, path);
  }

  #begin(log: Log, path = log.path): Content {
    return this.#content(log.name, { key: keyOf(fstatSync(log.fd, { bigint: true })), path });
  }

  #content(log: string, { key, path }: { key: string; path: string | null }): Content {
    const content: Content = {
      file: this.contents.length,
      log,
      lines: [],
      key,
      partial: NONE,
      half: 0,
      size: 0,
      path,
      compressed: false,
      moved: false,
      empties: 0,
    };
    this.contents.push(content);
    return content;
  }

  #append(fd: number, content: Content, count: number): void {
    const random = this.#random;
    const pieces: Buffer[] = [];
    let at = content.size;
    const put = (bytes: Buffer) => {
      pieces.push(bytes);
      at += bytes.length;
    };
    for (let made = 0; made < count; made++) {
      const seq = content.lines.length;
      const begun = content.partial;
      const bytes = begun.length > 0 ? begun : numberedLine(this.#seed, { file: content.file, seq }, random);
      put(bytes.subarray(content.half));
      put(Buffer.from(random.chance(0.1) ? '\r\n' : '\n'));
      content.lines.push({
        seq,
        bytes,
        end: at,
        ...(content.excuse !== undefined && { excuse: content.excuse }),
      });
      content.partial = NONE;
      content.half = 0;
      if (random.chance(0.02)) {
        put(Buffer.from('\n'));
        content.empties++;
      }
    }
    if (random.chance(0.3) && content.partial.length === 0) {
      const line = numberedLine(this.#seed, { file: content.file, seq: content.lines.length }, random);
      const half = random.int(1, line.length);
      content.partial = line;
      content.half = half;
      put(line.subarray(0, half));
    }
    content.size = at;
    const whole = Buffer.concat(pieces);
    const calls = random.int(1, 3);
    for (let call = 0, from = 0; call < calls; call++) {
      const to = call === calls - 1 ? whole.length : random.int(from, whole.length);
      for (let done = from; done < to; ) done += writeSync(fd, whole, done, to - done);
      from = to;
    }
  }
}

function keyOf({ dev, ino }: { dev: bigint; ino: bigint }): string {
  return `${dev}:${ino}`;
}
