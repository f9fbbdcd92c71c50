/**
 * From an id to the place of its log: a trace id by the traces that are remembered, or by taking it back to the seed it
 * was drawn from (kernel/trace-rows.ts), which works for every traced log of the journal; a record uid by what it says.
 */
import type { Clock } from '../component/clock.ts';
import { rowOf } from '../kernel/trace-rows.ts';
import { streamHash } from '../record/record-uid.ts';
import type { Stream } from '../record/stream.ts';
import type { DeliveryJournal } from './journal.ts';
import type { Knowledge } from './knowledge.ts';
import type { LineSearch } from './line-search.ts';
import { Time } from './passage.ts';
import type { Spot } from './proof.ts';

export const TRACE_ID = /^[0-9a-f]{32}$/;
export const RECORD_UID = /^[0-9a-f]{8}-[0-9a-z]{8}-[0-9a-f]{12}$/;

export interface FindOptions {
  readonly journal: DeliveryJournal;
  readonly knowledge: Knowledge;
  readonly clock: Clock;
  readonly search: LineSearch;
}

/** How many passages are looked at before others get a turn. */
const AT_ONCE = 2000;

/** @param id a trace id or a record uid, in lower case. */
export async function findById(id: string, options: FindOptions): Promise<Spot[]> {
  const finder = new IdFinder(options);
  const spots = TRACE_ID.test(id) ? await finder.byTrace(id) : finder.byUid(id);
  return Promise.all(spots.map((spot) => finder.withLine(spot)));
}

class IdFinder {
  readonly #options: FindOptions;

  constructor(options: FindOptions) {
    this.#options = options;
  }

  async byTrace(traceId: string): Promise<Spot[]> {
    const { knowledge } = this.#options;
    const spots: Spot[] = [];
    for (const log of knowledge.traces.byId(traceId)) {
      if (log.offset === undefined) continue;
      const { source, sourceId, offset, outcome, readAtMs } = log;
      const stream = this.#streamOf(source, sourceId, offset, readAtMs);
      spots.push({ source, sourceId, offset, traceId, outcome, ...this.#fileOf(source, sourceId, stream) });
    }
    return spots.length > 0 ? spots : this.#bySeed(traceId);
  }

  byUid(uid: string): Spot[] {
    const { journal, knowledge } = this.#options;
    const [hash, time, position] = uid.split('-') as [string, string, string];
    const offset = Number.parseInt(position, 16);
    const readAtMs = Number.parseInt(time, 36);
    const spots: Spot[] = [];
    for (const stream of journal.streams()) {
      if (streamHash(stream) !== hash) continue;
      const read = this.#readTimes(stream, offset);
      // The uid has whole milliseconds; wall time may have been corrected a little since.
      if (read === undefined || readAtMs < read[0] - 1000 || readAtMs > read[1] + 1000) continue;
      const { source, id: sourceId } = stream;
      spots.push({ source, sourceId, offset, ...this.#fileOf(source, sourceId, stream) });
    }
    if (spots.length > 0) return spots;
    // Not remembered; but a file that is still read tells whether it was committed.
    for (const { source, file } of knowledge.files()) {
      if (streamHash({ source, id: file.stream }) === hash && file.tailed) {
        spots.push({ source, sourceId: file.stream, offset, file });
      }
    }
    return spots;
  }

  /** Adds where the line is in its file. */
  async withLine(spot: Spot): Promise<Spot> {
    const { file, offset } = spot;
    if (file === undefined) return spot;
    const [found] = await this.#options.search.search({
      files: [file],
      ask: { kind: 'offset', offset },
    });
    const line = found?.found[0];
    return { ...spot, path: found?.path ?? null, ...(line?.offset === offset && { line }) };
  }

  /** By the seeds of what is in flight or in the journal. */
  async #bySeed(traceId: string): Promise<Spot[]> {
    const { journal } = this.#options;
    const id = Buffer.from(traceId, 'hex');
    for (const { segment, batch } of journal.inFlight()) {
      const { traced, first, count, stream } = segment;
      if (traced === null) continue;
      const row = rowOf(id, { ...traced, rows: first + count });
      if (row < first) continue;
      const offset = segment.rewritten ? undefined : segment.from + batch.slot.starts[row]! - segment.address;
      return this.#found(stream, { from: segment.from, offset, place: row - first }, traceId);
    }
    for (const [i, passage] of journal.passages.newestFirst().entries()) {
      if (i % AT_ONCE === AT_ONCE - 1) await new Promise((resolve) => setImmediate(resolve));
      const { traced, row: first, count, stream, from } = passage;
      if (traced === null) continue;
      const row = rowOf(id, { ...traced, rows: first + count });
      if (row >= first) return this.#found(stream, { from, offset: undefined, place: row - first }, traceId);
    }
    return [];
  }

  async #found(
    stream: Stream,
    at: { from: number; offset: number | undefined; place: number },
    traceId: string,
  ): Promise<Spot[]> {
    const { source, id: sourceId } = stream;
    const where = this.#fileOf(source, sourceId, stream);
    let offset = at.offset;
    if (offset === undefined && where.file !== undefined) {
      const ask = { kind: 'nth', from: at.from, place: at.place } as const;
      const [answer] = await this.#options.search.search({ files: [where.file], ask });
      offset = answer?.found[0]?.offset;
    }
    // Without its file only the segment is known: its first byte stands for the line.
    return [{ source, sourceId, offset: offset ?? at.from, place: at.place, traceId, ...where }];
  }

  /** The stream's file, as far as it still holds what passed in that stream. */
  #fileOf(source: string, sourceId: string, stream: Stream | undefined): Pick<Spot, 'stream' | 'file'> {
    const { journal, knowledge } = this.#options;
    if (stream === undefined) return {};
    const key = stream.key;
    if (key === undefined || journal.latest(source, key) !== stream) return { stream };
    for (const { source: other, file } of knowledge.files()) {
      if (other === source && file.key === key && file.stream === sourceId) return { stream, file };
    }
    return { stream };
  }

  /** The stream that a log was in: there may be several of one id, one after the other. */
  #streamOf(source: string, id: string, offset: number, readAtMs: number): Stream | undefined {
    for (const stream of this.#options.journal.streams()) {
      if (stream.source !== source || stream.id !== id) continue;
      const read = this.#readTimes(stream, offset);
      if (read !== undefined && readAtMs >= read[0] - 1000 && readAtMs <= read[1] + 1000) return stream;
    }
    return undefined;
  }

  /** Between which points in time, in milliseconds since 1970, the log at the position was read. */
  #readTimes(stream: Stream, offset: number): [number, number] | undefined {
    const { journal, clock } = this.#options;
    const passage = journal.passages.at(stream, offset);
    const readAt = journal.inFlightAt(stream, offset)?.segment.readAt;
    if (readAt !== undefined) return [clock.toEpoch(readAt), clock.toEpoch(readAt)];
    if (passage === undefined) return undefined;
    return [clock.toEpoch(passage.first[Time.read]!), clock.toEpoch(passage.last[Time.read]!)];
  }
}
