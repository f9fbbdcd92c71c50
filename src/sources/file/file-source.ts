/**
 * Tails files: finds them, follows them through rotation and truncation, reads them into slots and hands those over.
 * One loop does everything, one call of the file system at a time, so that a file is never looked at while it is read.
 * It keeps no unfinished line: that part of a file is simply read again when the file has grown.
 */
import { sep } from 'node:path';
import {
  type Intake,
  type Source,
  type SourceContext,
  type SourceFile,
  SourceReplaced,
  type SourceStatus,
} from '../../component/source.ts';
import type { Slot } from '../../kernel/slot.ts';
import { Archive } from './archive.ts';
import { Archives } from './archives.ts';
import { Attributes } from './attributes.ts';
import { Complaints } from './complaints.ts';
import { Descriptors } from './descriptors.ts';
import { Discovery } from './discovery.ts';
import { Finder } from './finder.ts';
import { FINGERPRINT_BYTES } from './fingerprint.ts';
import { pathMatcher } from './glob.ts';
import { Heritage, leave } from './handover.ts';
import { HeldPositions } from './held-positions.ts';
import { KnownFiles } from './known-files.ts';
import { shownPath, systemPath } from './names.ts';
import { readPositionEntry } from './position-entry.ts';
import { ReadQueue } from './read-queue.ts';
import type { FileSourceConfig } from './schema.ts';
import { isFileKey, Siblings } from './siblings.ts';
import { TailedFiles } from './tailed-files.ts';

const REFRESH_POSITIONS_MS = 3600_000;

export class FileSource implements Source {
  readonly #config: FileSourceConfig;
  readonly #context: SourceContext;
  /** Tells it from sources of the same id in other agents of this process. */
  readonly #name: string;
  readonly #queue = new ReadQueue();
  readonly #complaints: Complaints;
  readonly #descriptors: Descriptors;
  readonly #discovery: Discovery;
  readonly #positions: HeldPositions;
  readonly #known: KnownFiles;
  readonly #files: TailedFiles;
  readonly #finder: Finder;
  readonly #archives: Archives | undefined;
  readonly #before = Buffer.alloc(FINGERPRINT_BYTES);
  #state: SourceStatus['state'] = 'idle';
  #linesSplit = 0;
  /** Monotonic milliseconds of what is to be done next. */
  #pollAt = 0;
  #scanAt = 0;
  #refreshAt: number;
  #slot: Slot | undefined;
  #asking: Promise<void> | undefined;
  #waker = new AbortController();

  constructor(config: FileSourceConfig, context: SourceContext) {
    this.#config = config;
    this.#context = context;
    const { clock, log, id, labels } = context;
    this.#positions = new HeldPositions(context.positions);
    this.#known = new KnownFiles({ positions: this.#positions });
    this.#name = `${context.stateDir}:${id}`;
    const attributes = new Attributes();
    this.#complaints = new Complaints({ log, id });
    this.#descriptors = new Descriptors({ max: config.max_open_files, complaints: this.#complaints });
    const excluded = pathMatcher(config.exclude);
    const excludes = (path: string) => isOwn(path, context.stateDir) || excluded(path);
    const included = pathMatcher(
      config.include.map((pattern) => (pattern.includes('/') ? pattern : `./${pattern}`)),
    );
    this.#discovery = new Discovery({
      include: config.include,
      excludes,
      attributes,
      complaints: this.#complaints,
      clock,
    });
    const shared = {
      origin: { source: id, sourceType: 'file', labels, positions: this.#positions, clock },
      complaints: this.#complaints,
      descriptors: this.#descriptors,
      siblings: new Siblings({ excludes, complaints: this.#complaints }),
      known: this.#known,
      queue: this.#queue,
      log,
    };
    this.#files = new TailedFiles({ ...shared, config, attributes });
    this.#archives = config.archives
      ? new Archives({ ...shared, attributes, isFromEnd: config.start_at === 'end' })
      : undefined;
    this.#finder = new Finder({
      ...shared,
      startAt: config.start_at,
      name: this.#name,
      // What its predecessor had no time to find was there a scan before it stopped, at the earliest.
      newSince: (context.unwatchedSince ?? Number.POSITIVE_INFINITY) - config.scan_interval,
      matches: (path) => included(path) && !excludes(path),
      files: this.#files,
      archives: this.#archives,
    });
    this.#refreshAt = clock.now() + REFRESH_POSITIONS_MS;
  }

  async run(intake: Intake, signal: AbortSignal): Promise<void> {
    const wake = () => this.#waker.abort();
    signal.addEventListener('abort', wake, { once: true });
    this.#state = 'running';
    this.#archives?.start();
    try {
      while (!signal.aborted) {
        await this.#look();
        if (signal.aborted) break;
        if (this.#queue.isEmpty) await this.#rest(intake);
        else if (this.#takeSlot(intake, signal)) await this.#readNext(intake);
        else await this.#sleep();
      }
    } finally {
      signal.removeEventListener('abort', wake);
      await this.#asking;
      this.#giveSlot(intake);
      await this.#takeUpCopies();
      // A file that is deleted before the source that goes on in the place of this one looks for it would be lost to it.
      if (signal.reason instanceof SourceReplaced) leave(this.#name, this.#descriptors.releaseAll());
      else if (signal.aborted) this.abandon();
      this.#descriptors.closeAll();
      await this.#archives?.closeAll();
      this.#state = 'stopped';
    }
  }

  abandon(): void {
    new Heritage(this.#name).close();
  }

  status(): SourceStatus {
    const streams = [];
    let unreadable = 0;
    for (const file of this.#known.byKey.values()) {
      if (file.readable) {
        const { committed, id } = file.stream;
        const size = Math.max(file.size, file.position);
        if (file.followed && committed === size) continue;
        streams.push({
          id,
          position: file.position,
          committed,
          size,
          lag_bytes: Math.max(0, size - committed),
        });
      } else unreadable++;
    }
    return {
      state: this.#state,
      streams,
      details: {
        files: this.#known.byKey.size - this.#known.followed.size,
        files_followed: this.#known.followed.size,
        files_open: this.#descriptors.count,
        files_unreadable: unreadable,
        rotations: this.#known.rotations,
        truncations: this.#known.truncations,
        lines_split: this.#linesSplit,
        read_errors: this.#complaints.count,
        bytes_lost: this.#known.bytesLost,
        files_lost: this.#known.filesLost,
        ...(this.#archives && {
          archives_read: this.#archives.whole,
          archives_already_read: this.#archives.alreadyRead,
          archives_damaged: this.#archives.damaged,
        }),
      },
    };
  }

  *files(): Iterable<SourceFile> {
    for (const files of [this.#known.byKey, this.#known.departed]) {
      for (const file of files.values()) {
        const { key, path, position, stream } = file;
        const { id, committed, began, skipped } = stream;
        const tailed = files === this.#known.byKey;
        yield { key, stream: id, path: systemPath(path), position, committed, began, skipped, tailed };
      }
    }
    for (const [key, value] of this.#positions.entries()) {
      const entry = readPositionEntry(value);
      if (entry === undefined || !isFileKey(key)) continue;
      if (this.#known.byKey.has(key) || this.#known.departed.has(key)) continue;
      const { path, offset, skipped = 0 } = entry;
      yield {
        key,
        stream: shownPath(path),
        path: systemPath(path),
        position: offset,
        committed: offset,
        began: offset,
        skipped,
        tailed: false,
      };
    }
  }

  /** Looks at known files and for new ones, as far as that is due. Also while slots are waited for: what is opened in time is not lost. */
  async #look(): Promise<void> {
    const { clock } = this.#context;
    const now = clock.now();
    if (now >= this.#pollAt) {
      if (await this.#files.poll(now)) this.#scanAt = now;
      this.#pollAt = now + this.#config.poll_interval;
    }
    // Files that were truncated wait for it with what is stored of them.
    if (now >= this.#scanAt || this.#known.replaced.length > 0) {
      await this.#find(await this.#discovery.scan());
      await this.#archives?.find();
      this.#scanAt = now + this.#config.scan_interval;
    }
    if (now >= this.#refreshAt) {
      this.#files.refreshPositions();
      this.#refreshAt = now + REFRESH_POSITIONS_MS;
    }
  }

  /** Before the end: whoever goes on knows only what is stored, so not what was replaced a moment ago. */
  async #takeUpCopies(): Promise<void> {
    if (this.#known.replaced.length + this.#known.begun.length > 0) await this.#find(undefined);
  }

  /** `paths`: as the finder takes them. */
  #find(paths: readonly string[] | undefined): Promise<void> {
    const changedAt = (folder: string) => this.#discovery.changedAt(folder);
    return this.#finder.find(paths, { now: this.#context.clock.now(), changedAt });
  }

  /** Reads once from the file whose turn it is. */
  async #readNext(intake: Intake): Promise<void> {
    const { clock, kernel } = this.#context;
    const file = this.#queue.next();
    if (file instanceof Archive) {
      await this.#readArchive(file, intake);
      return;
    }
    try {
      if (!file.isOpen && !(await this.#files.open(file, clock.now()))) return;
      const options = { kernel, clock, maxLineBytes: this.#config.max_line_bytes, before: this.#before };
      const reading = await file.read(this.#slot!, options);
      this.#descriptors.used(file);
      this.#complaints.settle(file.path);
      if (reading.kind === 'rewritten') {
        // What it held before may be in a copy, which is taken up and read first.
        this.#files.restart(file, clock.now());
        return;
      }
      if (reading.kind === 'lines') {
        this.#linesSplit += reading.splits;
        this.#slot = undefined;
        intake.handle(reading.chunk);
        if (file.blankSince !== undefined) this.#known.begun.push({ file, since: file.blankSince });
        file.blankSince = undefined;
      }
      if (file.more) this.#queue.add(file);
      else if (file.finishing) await this.#files.finish(file);
    } catch (error) {
      this.#complaints.report(file.path, 'read the file', error);
      this.#files.failed(file, error, clock.now());
    }
  }

  async #readArchive(archive: Archive, intake: Intake): Promise<void> {
    const { clock, kernel } = this.#context;
    const options = { kernel, clock, maxLineBytes: this.#config.max_line_bytes, before: this.#before };
    const reading = await this.#archives!.read(archive, this.#slot!, options);
    if (reading.kind !== 'lines') return;
    this.#linesSplit += reading.splits;
    this.#slot = undefined;
    intake.handle(reading.chunk);
  }

  #takeSlot(intake: Intake, signal: AbortSignal): boolean {
    this.#slot ??= intake.slots.take();
    if (this.#slot !== undefined) {
      this.#state = 'running';
      return true;
    }
    this.#state = 'waiting';
    this.#asking ??= intake.slots.acquire(signal).then(
      (slot) => {
        this.#slot = slot;
        this.#asking = undefined;
        this.#waker.abort();
      },
      () => {
        this.#asking = undefined;
      },
    );
    return false;
  }

  #rest(intake: Intake): Promise<void> {
    this.#state = 'running';
    this.#giveSlot(intake);
    return this.#sleep();
  }

  #giveSlot(intake: Intake): void {
    if (this.#slot !== undefined) intake.slots.give(this.#slot);
    this.#slot = undefined;
  }

  /** Until something is due, or until woken. */
  async #sleep(): Promise<void> {
    const { clock } = this.#context;
    if (!this.#waker.signal.aborted) {
      const ms = Math.min(this.#pollAt, this.#scanAt) - clock.now();
      await clock.sleep(Math.max(0, ms), this.#waker.signal).catch(() => {});
    }
    if (this.#waker.signal.aborted) this.#waker = new AbortController();
  }
}

/** What the agent writes itself must not come back as logs; only the demo's files, which are there to be read. */
function isOwn(path: string, stateDir: string): boolean {
  if (!path.startsWith(stateDir + sep)) return false;
  const name = path.slice(stateDir.length + 1);
  return name !== 'demo' && !name.startsWith(`demo${sep}`);
}
