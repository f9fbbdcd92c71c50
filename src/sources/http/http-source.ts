/**
 * Takes logs over HTTP: `POST /logs` with lines of text, NDJSON or a JSON array. What a client sent cannot be read again,
 * so it is answered 200 only when its logs are safe: in every sink, or in the disk buffer of those that are behind.
 * When memory is full it answers 429, so that the client waits. It keeps no log itself.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isLocal, parseListen } from '../../component/listen.ts';
import type { Intake, Source, SourceContext, SourceStatus } from '../../component/source.ts';
import { type BodyLimits, BodyMemory, checkEncoding, checkLength, readBody, stopping } from './body.ts';
import { type Channel, Channels } from './channel.ts';
import { type Ingested, ingest } from './ingest.ts';
import { JsonFault } from './json-array.ts';
import { Listener } from './listener.ts';
import { type Format, formatOf } from './media-type.ts';
import { NoRoom, RecordWriter } from './record-writer.ts';
import { PROBLEM_TYPE, Refusal } from './refusal.ts';
import type { HttpSourceConfig } from './schema.ts';
import { isAuthorized, loadToken } from './token.ts';
import { contextOf } from './traceparent.ts';

/** Requests that do not wait for one another's logs; more of them share. */
const CHANNELS = 64;

/** How long a client that was answered early may go on sending, in milliseconds. */
const LINGER_MS = 2000;

interface Counts {
  requests: number;
  rejected_records: number;
  answered_4xx: number;
  answered_429: number;
  answered_5xx: number;
}

/** What holds while the source runs. */
interface Run {
  readonly intake: Intake;
  readonly signal: AbortSignal;
}

export class HttpSource implements Source {
  readonly #config: HttpSourceConfig;
  readonly #context: SourceContext;
  readonly #channels: Channels;
  readonly #listener: Listener;
  readonly #memory: BodyMemory;
  readonly #counts: Counts = {
    requests: 0,
    rejected_records: 0,
    answered_4xx: 0,
    answered_429: 0,
    answered_5xx: 0,
  };
  #state: SourceStatus['state'] = 'idle';
  #run: Run | null = null;
  #token: Buffer | null = null;
  /** By `open`, for `run`. */
  #opened = false;
  /** Requests that are received or handed over; those that only wait for their acknowledgement do not count. */
  #taking = 0;
  #waiting = 0;
  #onTaken: () => void = () => {};

  constructor(config: HttpSourceConfig, context: SourceContext) {
    this.#config = config;
    this.#context = context;
    this.#channels = new Channels(context.id, context.labels, CHANNELS);
    this.#memory = new BodyMemory(config.body_memory);
    this.#listener = new Listener(config, (request, response) => void this.#answer(request, response));
  }

  /** Listens; requests that come before `run` are told to come again. @throws when the address cannot be listened on. */
  async open(): Promise<void> {
    const token = await loadToken(this.#config);
    await this.#listener.open();
    this.#token = token;
    this.#opened = true;
  }

  async close(): Promise<void> {
    await this.#listener.close();
  }

  /**
   * After the signal it takes nothing more, but requests whose logs were handed over still get their answer when these
   * are delivered. @throws when it cannot listen.
   */
  async run(intake: Intake, signal: AbortSignal): Promise<void> {
    if (signal.aborted) {
      this.#state = 'stopped';
      await this.close();
      return;
    }
    if (!this.#opened) await this.open();
    this.#opened = false;
    this.#run = { intake, signal };
    this.#state = 'running';
    this.#announce();
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    this.#state = 'stopped';
    const closed = this.#listener.close();
    if (this.#taking > 0) {
      await new Promise<void>((resolve) => {
        this.#onTaken = resolve;
      });
    }
    if (this.#waiting === 0) await closed;
  }

  status(): SourceStatus {
    const { taken, committed } = this.#channels.positions;
    const lag = taken - committed;
    return {
      state: this.#state,
      streams: [{ id: this.#context.id, position: taken, committed, size: taken, lag_bytes: lag }],
      details: {
        ...(this.#listener.address !== undefined && { listen: this.#listener.address }),
        ...this.#counts,
        connections: this.#listener.connections,
        connections_refused: this.#listener.refused,
        requests_waiting: this.#waiting,
        body_bytes: this.#memory.used,
      },
    };
  }

  #announce(): void {
    const { log, id } = this.#context;
    const open = !isLocal(parseListen(this.#config.listen)!) && this.#token === null;
    if (open && this.#config.tls?.client_ca_file === undefined) {
      log.warn(
        { source: id, listen: this.#config.listen },
        'whoever reaches this address may send logs; set token, or tls.client_ca_file',
      );
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#counts.requests++;
    // A client that goes away is no fault of ours; what it sent is delivered all the same.
    request.on('error', () => {});
    response.on('error', () => {});
    try {
      await this.#serve(request, response);
    } catch (error) {
      this.#refuse(request, response, error);
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { acknowledge } = this.#config;
    const channel = this.#channels.take();
    try {
      const { result, taken, partly, delivered } = await this.#take(request, response, channel);
      await delivered;
      if (partly) throw partlyTaken(taken, result);
      const { rejected, errors } = result;
      const answer = { accepted: taken, rejected, errors };
      if (taken === 0 && rejected > 0) {
        throw new Refusal(400, 'None of the logs was taken; see errors.', { members: answer });
      }
      this.#send(
        response,
        acknowledge === 'delivered' ? 200 : 202,
        'application/json',
        JSON.stringify(answer),
      );
    } finally {
      this.#channels.release(channel);
    }
  }

  /** Receives a request and hands its records over. `delivered` is for whoever is to wait for them. */
  async #take(request: IncomingMessage, response: ServerResponse, channel: Channel) {
    const run = this.#run;
    if (run === null) throw stopping();
    this.#taking++;
    try {
      const { format, encoding, limits } = this.#check(request, run);
      if (request.headers.expect !== undefined) response.writeContinue();
      const body = await readBody(request, encoding, limits);
      try {
        const { result, taken, partly, position } = await this.#ingest(
          request,
          body.bytes,
          format,
          channel,
          run,
        );
        const waits = this.#config.acknowledge === 'delivered' && position !== undefined;
        // Waits before it is taken no more, so that a source that stops knows of it.
        return { result, taken, partly, delivered: waits ? this.#delivered(channel, position, taken) : null };
      } finally {
        body.release();
      }
    } finally {
      this.#taking--;
      if (this.#taking === 0) this.#onTaken();
    }
  }

  /** Everything that can be said before the body is read. @throws {Refusal} */
  #check(request: IncomingMessage, { signal }: Run) {
    const { path, max_body_bytes } = this.#config;
    if (signal.aborted) throw stopping();
    if (request.url?.split('?', 1)[0] !== path) {
      throw new Refusal(404, `There is nothing here; logs are taken with POST ${path}.`);
    }
    if (request.method !== 'POST') {
      throw new Refusal(405, `Logs are taken with POST ${path}.`, { headers: { allow: 'POST' } });
    }
    if (!isAuthorized(this.#token, request.headers.authorization)) {
      throw new Refusal(401, 'A valid bearer token is needed (header authorization).', {
        headers: { 'www-authenticate': 'Bearer' },
      });
    }
    if (this.#token === null && isFromWebPage(request)) {
      throw new Refusal(403, 'Logs are not taken from web pages unless the source has a token.');
    }
    const limits: BodyLimits = { memory: this.#memory, maxBytes: max_body_bytes, signal };
    const format = formatOf(request.headers['content-type']);
    const encoding = checkEncoding(request.headers['content-encoding']);
    checkLength(request, limits);
    return { format, encoding, limits };
  }

  async #ingest(
    request: IncomingMessage,
    body: Buffer,
    format: Format,
    channel: Channel,
    { intake, signal }: Run,
  ) {
    const { kernel, clock } = this.#context;
    const { max_line_bytes, busy_timeout, acknowledge_timeout, validate } = this.#config;
    const header = request.headers.traceparent;
    const writer = new RecordWriter({
      kernel,
      clock,
      intake,
      channel,
      signal,
      context: contextOf(Array.isArray(header) ? header[0] : header),
      maxRecordBytes: max_line_bytes,
      firstWaitMs: busy_timeout,
      nextWaitMs: acknowledge_timeout,
    });
    const result: Ingested = { rejected: 0, errors: [], done: 0 };
    let partly = false;
    try {
      await ingest(body, { format, validate, writer, result });
    } catch (error) {
      if (error instanceof JsonFault) throw new Refusal(400, `The body is not valid JSON: ${error.message}.`);
      if (!(error instanceof NoRoom)) throw error;
      if (writer.taken === 0) throw signal.aborted ? stopping() : busy();
      partly = true;
    }
    this.#counts.rejected_records += result.rejected;
    return { result, partly, taken: writer.taken, position: writer.position };
  }

  /** Resolves when the records up to `position` are delivered. @throws {Refusal} 503 when that takes too long. */
  async #delivered(channel: Channel, position: number, taken: number): Promise<void> {
    const { acknowledge_timeout } = this.#config;
    this.#waiting++;
    const late = Promise.withResolvers<never>();
    const cancel = this.#context.clock.after(acknowledge_timeout, () =>
      late.reject(
        new Refusal(
          503,
          'The logs were taken but are not delivered yet; they stay in memory and may still be delivered. Sending them again may double them.',
          { retryAfter: 30, members: { accepted: taken } },
        ),
      ),
    );
    try {
      await Promise.race([channel.committed(position), late.promise]);
    } finally {
      cancel();
      this.#waiting--;
    }
  }

  #refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    if (response.destroyed || request.socket.destroyed) return;
    let refusal: Refusal;
    if (error instanceof Refusal) refusal = error;
    else {
      this.#context.log.error({ err: error, source: this.#context.id }, 'a request could not be served');
      refusal = new Refusal(500, "The agent failed to take this request; the reason is in the agent's log.");
    }
    const { status, headers, body } = refusal;
    if (status === 429) this.#counts.answered_429++;
    else if (status >= 500) this.#counts.answered_5xx++;
    else this.#counts.answered_4xx++;
    if (request.complete) this.#send(response, status, PROBLEM_TYPE, body, headers);
    else this.#sendEarly(request, response, status, { 'content-type': PROBLEM_TYPE, ...headers }, body);
  }

  /**
   * Answers before the body has arrived. Were the connection closed at once, the answer could be lost with it: the client
   * may finish sending first, for a while.
   */
  #sendEarly(
    request: IncomingMessage,
    response: ServerResponse,
    status: number,
    headers: Readonly<Record<string, string>>,
    body: string,
  ): void {
    const length = String(Buffer.byteLength(body));
    response.writeHead(status, { ...headers, 'content-length': length, connection: 'close' });
    response.write(body);
    const end = () => {
      cancel();
      if (!response.writableEnded) response.end();
    };
    const cancel = this.#context.clock.after(LINGER_MS, end);
    request.once('end', end).once('close', end).resume();
  }

  #send(
    response: ServerResponse,
    status: number,
    type: string,
    body: string,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    if (response.destroyed) return;
    if (this.#state === 'stopped') response.setHeader('connection', 'close');
    response.writeHead(status, { 'content-type': type, ...headers }).end(body);
  }
}

/** Whether a browser says that a page sends this (Fetch standard: Origin; Fetch Metadata). Others set neither header. */
function isFromWebPage({ headers }: IncomingMessage): boolean {
  return headers.origin !== undefined || headers['sec-fetch-site'] === 'cross-site';
}

function busy(): Refusal {
  return new Refusal(429, 'The agent has no free memory for logs now; none was taken. Send them again.', {
    retryAfter: 1,
  });
}

/** Memory became full, or the source was told to stop, in the middle of a large request. */
function partlyTaken(taken: number, { done, rejected, errors }: Ingested): Refusal {
  return new Refusal(
    503,
    `Only the first ${done} lines were dealt with, then memory was full; send the rest again, from line ${done + 1}.`,
    { retryAfter: 1, members: { accepted: taken, rejected, errors } },
  );
}
