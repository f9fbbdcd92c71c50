/**
 * Puts together all that is known of one line: the verdict, and the proof that is not in memory at hand (its place in its
 * batch, its trace, its dead letters). Called by where.ts for each line that was found.
 */
import type { Clock } from '../component/clock.ts';
import type { SourceFile } from '../component/source.ts';
import { traceIdOf } from '../kernel/trace-ids.ts';
import { recordUid } from '../record/record-uid.ts';
import type { Segment } from '../record/segment.ts';
import type { Stream } from '../record/stream.ts';
import type { LineAnswer } from './answer.ts';
import { deadLettersOf } from './dead-letters.ts';
import { fileVerdict } from './file-verdict.ts';
import type { Finding, VerdictContext } from './finding.ts';
import { inFlightVerdict } from './in-flight-verdict.ts';
import type { DeliveryJournal, InFlight } from './journal.ts';
import type { Knowledge } from './knowledge.ts';
import { mayHaveLetters, withLetters } from './letter-verdict.ts';
import type { FoundLine, LineSearch } from './line-search.ts';
import { isPlain, type Passage, Time, type TracedPassage } from './passage.ts';
import { passageVerdict } from './passage-verdict.ts';

/** Where a line is, before anything is said about it. */
export interface Spot {
  readonly source: string;
  readonly sourceId: string;
  /** Of its first byte in the stream. */
  readonly offset: number;
  /** The stream it passed in, where that is known already. */
  readonly stream?: Stream;
  /** Its file, and where that is now; none: it is no file, or nothing is known of it. */
  readonly file?: SourceFile;
  readonly path?: string | null;
  readonly line?: FoundLine;
  /** Its place in its segment, where that is known already. */
  readonly place?: number;
  readonly traceId?: string;
  /** What its trace says, for want of better. */
  readonly outcome?: 'delivered' | 'filtered' | 'buffered' | 'dead_lettered' | 'dropped';
}

export interface ProofOptions {
  readonly journal: DeliveryJournal;
  readonly knowledge: Knowledge;
  readonly clock: Clock;
  readonly search: LineSearch;
  /** Folder of the dead letters. */
  readonly deadLetters: string;
  readonly startedAt: string;
}

/** Logs that took longer than this may have been traced afterwards (`tracing.tail.slow`), in milliseconds. */
const MAYBE_TRACED_MS = 100;

export class Proof {
  readonly #options: ProofOptions;

  constructor(options: ProofOptions) {
    this.#options = options;
  }

  /** In the order of the spots. */
  async of(spots: readonly Spot[]): Promise<LineAnswer[]> {
    const answers: LineAnswer[] = [];
    for (const spot of spots) answers.push(await this.#answer(spot));
    const asked = [...answers.keys()].filter((i) => mayHaveLetters(answers[i]!));
    const { search, deadLetters: folder, knowledge } = this.#options;
    const { places, complete } = await deadLettersOf(
      { search, folder, letters: knowledge.letters },
      asked.map((i) => ({ source: spots[i]!.source, stream: spots[i]!.sourceId, offset: spots[i]!.offset })),
    );
    const areAll = complete && knowledge.letters.evicted === 0;
    for (const [k, i] of asked.entries()) answers[i] = withLetters(answers[i]!, places[k]!, areAll);
    return answers;
  }

  /** All but the dead letters. */
  async #answer(spot: Spot): Promise<LineAnswer> {
    const { journal } = this.#options;
    const { file, offset, line } = spot;
    // What lies behind the position was not read: the journal may know the place from what the file held before.
    const isRead = file !== undefined && offset < file.position;
    const stream = spot.stream ?? (isRead ? journal.latest(spot.source, file.key) : undefined);
    const inFlight = stream && journal.inFlightAt(stream, offset);
    const passage = inFlight === undefined ? stream && journal.passages.at(stream, offset) : undefined;
    const place = await this.#placeOf(spot, inFlight, passage);
    const finding = this.#finding(spot, inFlight, passage, place);
    const readAt = inFlight?.segment.readAt ?? passage?.first[Time.read];
    const isExact = inFlight !== undefined || passage?.first === passage?.last;
    const traceId = spot.traceId ?? this.#traceId(spot, finding, { inFlight, passage, place });
    return {
      ...finding,
      source: spot.source,
      source_id: spot.sourceId,
      ...(spot.path != null && { file: spot.path }),
      ...(file !== undefined && { file_id: file.key }),
      ...(line?.line != null && { line: line.line }),
      offset,
      ...(readAt !== undefined && isExact && { record_uid: this.#uid(spot, readAt) }),
      ...(traceId !== undefined && { trace_id: traceId }),
    };
  }

  #finding(
    spot: Spot,
    inFlight: InFlight | undefined,
    passage: Passage | undefined,
    place: number | null,
  ): Finding {
    const { clock, knowledge, journal, startedAt } = this.#options;
    const { source, file, offset, line, outcome } = spot;
    const context: VerdictContext = {
      clock,
      source,
      sinkStatus: (id) => knowledge.sinkStatus(id),
      ledger: (id) => knowledge.ledger(id),
      bufferedNow: (id) => journal.buffered(id),
    };
    if (inFlight !== undefined) return inFlightVerdict(inFlight, place, context);
    if (passage !== undefined) return passageVerdict(passage, place, context);
    if (outcome !== undefined) {
      const explanation = `Its trace says ${outcome.replace('_', '-')}; the rest is not remembered any more (where.memory).`;
      const verdict = outcome === 'buffered' ? 'in_flight' : outcome;
      return { verdict, basis: 'forgotten', explanation, sinks: [], stages: [] };
    }
    if (file === undefined) {
      const explanation = 'What became of it is not remembered any more (where.memory).';
      return { verdict: 'unknown', basis: 'no_trace', explanation, sinks: [], stages: [] };
    }
    const waits = knowledge.sourceState(source) === 'waiting';
    return fileVerdict(file, line ?? { offset, terminated: true }, {
      ...context,
      startedAt,
      rate: journal.rate(source, file.key),
      waitsFor: waits ? ` ${source} waits: memory for logs is full until a sink takes some.` : '',
    });
  }

  /** Which log of its segment or passage it is; null: it does not matter, or cannot be told. */
  async #placeOf(spot: Spot, inFlight?: InFlight, passage?: Passage): Promise<number | null> {
    if (spot.place !== undefined) return spot.place;
    if (inFlight !== undefined && !inFlight.segment.rewritten) return placeInSlot(inFlight, spot.offset);
    const part = inFlight?.segment ?? passage;
    if (part === undefined || spot.file === undefined) return null;
    if (passage !== undefined && isPlain(passage)) return null;
    const to = 'to' in part ? part.to : part.position;
    const [answer] = await this.#options.search.search({
      files: [{ ...spot.file, path: spot.path ?? spot.file.path }],
      ask: { kind: 'place', from: part.from, offset: spot.offset, to },
    });
    if (answer?.terminators === undefined) return null;
    const [before, all] = answer.terminators;
    // More or fewer records than line ends: lines were cut, so counting line ends leads astray.
    return all === part.count || all === part.count - 1 ? before : null;
  }

  #traceId(
    spot: Spot,
    finding: Finding,
    { inFlight, passage, place }: { inFlight?: InFlight; passage?: Passage; place: number | null },
  ): string | undefined {
    const traced = inFlight === undefined ? passage?.traced : tracedSegment(inFlight.segment);
    const row = (inFlight?.segment.first ?? passage?.row ?? 0) + (place ?? 0);
    const live = finding.verdict !== 'filtered';
    if (traced != null && place !== null && live && isTraced(traced, place)) {
      if (!traced.hasContexts) return traceIdOf(traced, traced.threshold, row).toString('hex');
      return this.#remembered(spot, passage);
    }
    if (passage === undefined) return undefined;
    const slow = finding.sinks.some(({ took_ms = 0 }) => took_ms >= MAYBE_TRACED_MS);
    const kept =
      slow || finding.verdict !== 'delivered' || finding.sinks.some(({ attempts }) => attempts > 1);
    return kept ? this.#remembered(spot, passage) : undefined;
  }

  #remembered({ sourceId, offset }: Spot, passage: Passage | undefined): string | undefined {
    if (passage === undefined) return undefined;
    const { clock, knowledge } = this.#options;
    const from = clock.toEpoch(passage.first[Time.read]!);
    const to = clock.toEpoch(passage.last[Time.read]!);
    // Wall time may have been set anew in between.
    return knowledge.traces.at(sourceId, offset, from - 1000, to + 1000);
  }

  #uid({ source, sourceId: id, offset }: Spot, readAt: number): string {
    return recordUid({ source, id }, this.#options.clock.toEpoch(readAt), BigInt(offset));
  }
}

/** Of a segment whose records lie in the slot as they were read. */
function placeInSlot({ batch, segment }: InFlight, offset: number): number | null {
  const { slot } = batch;
  const target = segment.address + offset - segment.from;
  for (let place = segment.count - 1; place >= 0; place--) {
    if (slot.starts[segment.first + place]! <= target) return place;
  }
  return null;
}

function tracedSegment({ traced, first }: Segment): TracedPassage | null {
  if (traced === null) return null;
  const { rows } = traced;
  return { ...traced, places: rows === null ? null : rows.map((row) => row - first) };
}

function isTraced({ places }: TracedPassage, place: number): boolean {
  return places === null || places.includes(place);
}
