/**
 * Shows logs as they pass, after processors, so that what a processor redacts is not shown. For people who watch: it
 * shows a sample and says how much it left out. Without a client it does nothing; with one it looks at a bounded number
 * of bytes a second, whatever passes. An observer of the dispatcher.
 */
import type { Clock } from '../component/clock.ts';
import type { Observer } from '../component/observer.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Batch } from '../record/batch.ts';
import { liveCount, type Segment } from '../record/segment.ts';
import { severityName } from '../record/severity.ts';
import { stampOf } from '../record/stamp.ts';

export interface TailFilter {
  /** Id of a configured source or of a stream; absent: all. */
  readonly source?: string | undefined;
  /** Only logs that contain it. */
  readonly text?: string | undefined;
  /** Most logs a second. */
  readonly rate: number;
}

export interface TailedLog {
  /** When it was read, in ISO 8601. */
  readonly at: string;
  /** Configured source, and stream. */
  readonly source: string;
  readonly source_id: string;
  readonly level?: string;
  readonly text: string;
  /** The text is longer. */
  readonly cut?: true;
  /** Position in the stream; absent when a processor changed the text. */
  readonly offset?: number;
  /** Of its log trace. */
  readonly trace_id?: string;
}

/** Of the time since the last report. */
export interface TailCounts {
  /** Logs that passed, of the source. */
  passed: number;
  /** Logs that were shown. */
  shown: number;
  /** Logs that were left out because there were more than the rate allows; with a text: of those looked at that have it. */
  skipped: number;
  /** Logs that were not looked at, because there were too many to search for the text. */
  unsearched: number;
}

export interface TailClient {
  readonly log: (log: TailedLog) => void;
}

/** Most bytes of a log that are shown. */
const MAX_TEXT = 8192;
/** Bytes that are searched for the text of one client, at most, a second. */
const SEARCH_BYTES = 32 << 20;

interface Client extends TailCounts {
  readonly filter: TailFilter;
  readonly needle: Buffer | null;
  readonly client: TailClient;
  /** What it may still have of logs, and of bytes searched; both are filled up as time passes. */
  budget: number;
  searchBudget: number;
  filledAt: number;
}

export interface LiveTailOptions {
  readonly kernel: Pick<Kernel, 'bytes' | 'traceId' | 'spanId'>;
  readonly clock: Clock;
}

export class LiveTail implements Observer {
  readonly #kernel: LiveTailOptions['kernel'];
  readonly #clock: Clock;
  readonly #clients = new Set<Client>();

  constructor({ kernel, clock }: LiveTailOptions) {
    this.#kernel = kernel;
    this.#clock = clock;
  }

  /** Begins to show logs. `take` gives the counts since it was called last; `end` ends it. */
  open(filter: TailFilter, client: TailClient): { take: () => TailCounts; end: () => void } {
    const entry: Client = {
      filter,
      client,
      needle: filter.text === undefined ? null : Buffer.from(filter.text),
      budget: filter.rate,
      searchBudget: SEARCH_BYTES,
      filledAt: this.#clock.now(),
      ...NOTHING,
    };
    this.#clients.add(entry);
    return {
      take: () => {
        const { passed, shown, skipped, unsearched } = entry;
        Object.assign(entry, NOTHING);
        return { passed, shown, skipped, unsearched };
      },
      end: () => this.#clients.delete(entry),
    };
  }

  processed(batch: Batch): void {
    for (const client of this.#clients) {
      fill(client, batch.processedAt);
      const wanted = client.filter.source;
      const segments = batch.segments.filter(
        ({ stream }) => wanted === undefined || wanted === stream.source || wanted === stream.id,
      );
      const total = segments.reduce((sum, segment) => sum + liveCount(segment), 0);
      client.passed += total;
      if (client.needle === null) this.#sample(client, batch, segments, total);
      else this.#search(client, client.needle, batch, segments);
    }
  }

  /** Shows logs spread over all of them, so that a busy stream does not hide the others. */
  #sample(client: Client, batch: Batch, segments: readonly Segment[], total: number): void {
    const count = Math.min(total, Math.floor(client.budget));
    let before = 0;
    let shown = 0;
    for (const segment of segments) {
      const behind = before + liveCount(segment);
      for (; shown < count; shown++) {
        const place = Math.floor(((shown + 0.5) * total) / count);
        if (place >= behind) break;
        this.#send(client, batch, segment, rowAt(segment, place - before));
      }
      before = behind;
    }
    client.skipped += total - count;
  }

  #search(client: Client, needle: Buffer, batch: Batch, segments: readonly Segment[]): void {
    const { starts, lengths } = batch.slot;
    for (const segment of segments) {
      const total = liveCount(segment);
      for (let i = 0; i < total; i++) {
        const row = rowAt(segment, i);
        const start = starts[row]!;
        const length = lengths[row]!;
        if (client.searchBudget < length) {
          client.unsearched += total - i;
          break;
        }
        client.searchBudget -= length;
        if (!this.#kernel.bytes.subarray(start, start + length).includes(needle)) continue;
        if (client.budget >= 1) this.#send(client, batch, segment, row);
        else client.skipped++;
      }
    }
  }

  #send(client: Client, batch: Batch, segment: Segment, row: number): void {
    client.budget--;
    client.shown++;
    client.client.log(this.#logAt(batch, segment, row));
  }

  #logAt(batch: Batch, segment: Segment, row: number): TailedLog {
    const { slot } = batch;
    const { stream, traced } = segment;
    const start = slot.starts[row]!;
    const length = slot.lengths[row]!;
    const level = batch.hasSeverities ? severityName(slot.severities[row]!) : undefined;
    const ids = stampOf(this.#kernel, slot, traced && { ...traced, stamp: 'trace_id' }, row);
    return {
      at: new Date(this.#clock.toEpoch(segment.readAt)).toISOString(),
      source: stream.source,
      source_id: stream.id,
      ...(level !== undefined && { level }),
      text: this.#kernel.bytes.toString('utf8', start, start + Math.min(length, MAX_TEXT)),
      ...(length > MAX_TEXT && { cut: true }),
      ...(!segment.rewritten && { offset: segment.from + start - segment.address }),
      ...(ids !== undefined && { trace_id: ids.trace_id }),
    };
  }
}

const NOTHING: TailCounts = { passed: 0, shown: 0, skipped: 0, unsearched: 0 };

/** No more than a second's worth is ever saved up. */
function fill(client: Client, now: number): void {
  const part = Math.max(0, now - client.filledAt) / 1000;
  client.filledAt = now;
  client.budget = Math.min(client.filter.rate, client.budget + part * client.filter.rate);
  client.searchBudget = Math.min(SEARCH_BYTES, client.searchBudget + part * SEARCH_BYTES);
}

function rowAt({ first, live }: Segment, i: number): number {
  return live === null ? first + i : live[i]!;
}
