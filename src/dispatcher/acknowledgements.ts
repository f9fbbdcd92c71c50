import type { Segment } from '../record/segment.ts';
import type { Stream } from '../record/stream.ts';

/** A segment whose records have not all reached their end. */
export interface Pending {
  readonly stream: Stream;
  readonly position: number;
  done: boolean;
}

/**
 * Turns segments that finish in any order into positions that are committed in the order of the stream:
 * a position is committed only when everything before it has been acknowledged too. That is what makes
 * a restart begin before the first unfinished record, never behind it.
 */
export class Acknowledgements {
  readonly #queues = new Map<Stream, Pending[]>();

  /** Call for every segment in the order of its stream. */
  track(segment: Segment): Pending {
    const pending: Pending = { stream: segment.stream, position: segment.position, done: false };
    const queue = this.#queues.get(segment.stream);
    if (queue === undefined) this.#queues.set(segment.stream, [pending]);
    else queue.push(pending);
    return pending;
  }

  /** Marks a segment as finished and commits whatever became committable. */
  acknowledge(pending: Pending): void {
    pending.done = true;
    const queue = this.#queues.get(pending.stream)!;
    if (queue[0] !== pending) return;
    let finished = 0;
    while (finished < queue.length && queue[finished]!.done) finished++;
    const last = queue[finished - 1]!;
    if (finished === queue.length) this.#queues.delete(pending.stream);
    else queue.splice(0, finished);
    pending.stream.commit(last.position);
  }

  /** Streams with unfinished segments. */
  get size(): number {
    return this.#queues.size;
  }
}
