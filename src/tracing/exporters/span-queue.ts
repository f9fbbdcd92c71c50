/**
 * Spans waiting for export, oldest first, as references into the span ring. Holds every run from which it has spans; no
 * bytes are copied unless `detach` says so. Never decides when or where they go; export-queue.ts does.
 */
import { plainSpans } from '../spans/span-run.ts';
import type { Deflated, Run } from '../store/run.ts';
import { cutSpans } from './cut-spans.ts';
import { type EncodedSpans, plainLength, sameScope } from './transport.ts';

/** Spans of one run, or their copy. */
interface Piece extends EncodedSpans {
  bytes: Buffer;
  deflated: Deflated | null;
  spans: number;
  /** Held for this piece; null: the bytes are a copy. */
  run: Run | null;
}

/** Spans taken from the queue; they stay held until released. */
export class Batch {
  readonly pieces: Piece[] = [];
  spans = 0;
  /** When nothing is compressed. */
  bytes = 0;

  add(piece: Piece): void {
    this.bytes += plainLength(piece) + this.scopeBytes(piece);
    this.pieces.push(piece);
    this.spans += piece.spans;
  }

  /** Bytes that a piece needs beside its spans: its scope, unless the piece before it has the same. */
  scopeBytes({ scope }: Piece): number {
    return scope === null || sameScope(this.pieces.at(-1)?.scope ?? null, scope) ? 0 : scope.length;
  }

  /** Copies what is still in the ring, and lets it go. */
  detach(): void {
    for (const piece of this.pieces) detach(piece);
  }

  /** Lets everything go; the bytes must not be read any more. */
  release(): void {
    for (const piece of this.pieces) release(piece);
    this.pieces.length = 0;
  }
}

/** How many pieces already taken may lie in front of the list before it is made shorter. */
const MAX_TAKEN = 1024;

export class SpanQueue {
  #pieces: Piece[] = [];
  #head = 0;
  #spans = 0;
  #bytes = 0;

  get spans(): number {
    return this.#spans;
  }

  /** When they are not compressed, without scopes. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Takes in what fits into `room` spans, whole traces only (of a compressed run all or none), by reference or as a copy;
   * returns how many spans that is.
   */
  push(run: Run, room: number, { copy }: { copy: boolean }): number {
    if (run.spans === 0) return 0;
    // Cutting one that is compressed would take milliseconds of the pipeline's time; a run is a small part of the queue.
    if (run.spans > room && (room < 1 || run.deflated !== null)) return 0;
    const { bytes, deflated, spans, scope } = run;
    const piece: Piece = { bytes, deflated, spans, scope, run };
    run.holders++;
    if (run.spans > room) {
      const cut = cutSpans(piece.bytes, room, Number.POSITIVE_INFINITY);
      if (cut.torn) {
        release(piece);
        return 0;
      }
      piece.bytes = piece.bytes.subarray(0, cut.end);
      piece.spans = cut.spans;
    }
    if (copy) detach(piece);
    this.#pieces.push(piece);
    this.#spans += piece.spans;
    this.#bytes += plainLength(piece);
    return piece.spans;
  }

  /** Takes out the oldest spans, at least one, at most the given numbers; a trace is torn only if larger than both. */
  take(maxSpans: number, maxBytes: number): Batch {
    const batch = new Batch();
    while (this.#head < this.#pieces.length) {
      const piece = this.#pieces[this.#head]!;
      const spans = maxSpans - batch.spans;
      const bytes = maxBytes - batch.bytes - batch.scopeBytes(piece);
      if (piece.spans > spans || plainLength(piece) > bytes) {
        // Finding where to cut takes a look at every span: what fits into the next batch as a whole waits for it.
        const fitsNext =
          piece.spans <= maxSpans && plainLength(piece) + (piece.scope?.length ?? 0) <= maxBytes;
        if (batch.spans === 0 || !fitsNext) this.#takePart(batch, piece, spans, bytes);
        break;
      }
      this.#head++;
      batch.add(piece);
    }
    this.#spans -= batch.spans;
    for (const piece of batch.pieces) this.#bytes -= plainLength(piece);
    if (this.#head === this.#pieces.length || this.#head > MAX_TAKEN) {
      this.#pieces = this.#pieces.slice(this.#head);
      this.#head = 0;
    }
    return batch;
  }

  /** Puts back what was taken, in front of everything that waits; the batch has no bytes then. */
  putBack(batch: Batch): void {
    this.#pieces = [...batch.pieces, ...this.#pieces.slice(this.#head)];
    this.#head = 0;
    this.#spans += batch.spans;
    for (const piece of batch.pieces) this.#bytes += plainLength(piece);
    batch.pieces.length = 0;
  }

  /** Copies everything that waits, so that the ring can be reused. */
  detach(): void {
    for (let i = this.#head; i < this.#pieces.length; i++) detach(this.#pieces[i]!);
  }

  #takePart(batch: Batch, piece: Piece, maxSpans: number, maxBytes: number): void {
    decompress(piece);
    const cut = cutSpans(piece.bytes, maxSpans, maxBytes);
    const fits = !cut.torn && cut.end <= maxBytes;
    if (!fits && batch.spans > 0) return;
    if (cut.end === piece.bytes.length) {
      this.#head++;
      batch.add(piece);
      return;
    }
    const { run } = piece;
    if (run !== null) run.holders++;
    batch.add({ ...piece, bytes: piece.bytes.subarray(0, cut.end), spans: cut.spans });
    piece.bytes = piece.bytes.subarray(cut.end);
    piece.spans -= cut.spans;
  }
}

/** So that it can be cut. Its bytes are its own then. */
function decompress(piece: Piece): void {
  if (piece.deflated === null) return;
  piece.bytes = plainSpans(piece);
  piece.deflated = null;
  release(piece);
}

function detach(piece: Piece): void {
  if (piece.run === null) return;
  piece.bytes = Buffer.from(piece.bytes);
  release(piece);
}

function release(piece: Piece): void {
  if (piece.run !== null) piece.run.holders--;
  piece.run = null;
}
