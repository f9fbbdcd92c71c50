/**
 * One request over a pool of connections and the beginning of its answer, without the streams that a client makes of an
 * answer: they cost more than what a sink does with a batch. For sinks and exporters, which know what answers mean.
 */
import type { Dispatcher } from 'undici';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/**
 * Rejects with the error of the connection, or with the signal's reason. The request's body must not change until then.
 * @param maxAnswerBytes what is read of an answer's body; a longer one is cut off together with its connection.
 */
export async function exchange(
  pool: Dispatcher,
  request: Dispatcher.DispatchOptions,
  { signal, maxAnswerBytes }: { signal: AbortSignal; maxAnswerBytes: number },
): Promise<HttpAnswer> {
  signal.throwIfAborted();
  const handler = new Exchange(maxAnswerBytes);
  const onAbort = () => handler.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    pool.dispatch(request, handler);
    return await handler.answer;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** What undici calls while it sends and receives. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #maxAnswerBytes: number;
  readonly #settled = Promise.withResolvers<HttpAnswer>();
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #status = 0;
  #headers: HttpAnswer['headers'] = {};
  #controller: Dispatcher.DispatchController | null = null;
  #reason: Error | null = null;

  constructor(maxAnswerBytes: number) {
    this.#maxAnswerBytes = maxAnswerBytes;
  }

  get answer(): Promise<HttpAnswer> {
    return this.#settled.promise;
  }

  abort(reason: Error): void {
    this.#reason = reason;
    this.#controller?.abort(reason);
    this.#settled.reject(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // It waited for a connection until now.
    if (this.#reason !== null) controller.abort(this.#reason);
  }

  /** Also of informational answers, which the final one follows. */
  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: HttpAnswer['headers']): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const room = this.#maxAnswerBytes - this.#bytes;
    this.#chunks.push(chunk.subarray(0, room));
    this.#bytes += Math.min(room, chunk.length);
    if (chunk.length <= room) return;
    this.onResponseEnd();
    controller.abort(new Error('the answer is too long'));
  }

  onResponseEnd(): void {
    const body = Buffer.concat(this.#chunks);
    this.#settled.resolve({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#settled.reject(error);
  }
}
