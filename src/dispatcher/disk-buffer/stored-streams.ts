import type { Stream } from '../../record/stream.ts';
import type { StreamHead } from './payload.ts';

/** Most streams that are remembered; what is forgotten is made anew. */
const MAX_STREAMS = 1000;

/**
 * Streams of records that were read back. The same one for the same description, because sinks remember what belongs to
 * a stream. They commit nothing: their records were acknowledged when they were stored.
 */
export class StoredStreams {
  readonly #streams = new Map<string, Stream>();

  of(head: StreamHead): Stream {
    const key = JSON.stringify(head);
    let stream = this.#streams.get(key);
    if (stream === undefined) {
      const { source, id, type, labels, path } = head;
      stream = {
        source,
        id,
        sourceType: type,
        labels: labels ?? {},
        ...(path !== undefined && { path }),
        commit() {},
      };
      if (this.#streams.size >= MAX_STREAMS) this.#streams.clear();
      this.#streams.set(key, stream);
    }
    return stream;
  }
}
