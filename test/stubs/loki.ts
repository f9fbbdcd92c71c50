import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { snappyDecompress } from '@platformatic/wasm-utils';
import protobuf from 'protobufjs';

/**
 * A Loki that takes pushes and keeps them in memory, stricter than the real one: whatever real Loki refuses it refuses,
 * with the same status and text (Loki HTTP API, "Ingest logs"; grafana/loki pkg/validation/validate.go and
 * pkg/ingester/stream.go), and what real Loki silently lets pass although it is wrong, too.
 */

export interface Entry {
  readonly ns: bigint;
  readonly line: Buffer;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * What the next request gets. `normal`: what it deserves; `hang`: no answer; `cut`: the connection ends; `lost`: it is
 * stored, but the connection ends before the answer; `slow`: an answer after some time.
 */
export type Treatment =
  | 'normal'
  | 'hang'
  | 'cut'
  | 'lost'
  | { readonly slowMs: number }
  | { readonly status: number; readonly text?: string; readonly headers?: Readonly<Record<string, string>> };

export interface StubOptions {
  readonly tls?: ServerOptions;
  /** Answers 401 to requests with another `authorization` header. */
  authorization?: string;
  allowMetadata?: boolean;
  /** Bodies larger than this before compression are answered 413. */
  maxBytes?: number;
  maxLineBytes?: number;
  /** Sees every entry that is stored; when it is given, entries are not kept, so that millions may come. */
  onEntry?: (entry: Entry, labels: string) => void;
  /** What requests get for which nothing is in `next`. */
  treat?: () => Treatment;
  /** Text of the reason for which an entry is refused, in the words of the ingester. */
  refuse?: (entry: Entry, labels: string) => string | undefined;
}

export interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly entries: number;
  readonly rawBytes: number;
}

interface Stream {
  labels: string;
  entries: Entry[];
}

const { root } = protobuf.parse(`
  syntax = "proto3";
  message PushRequest { repeated Stream streams = 1; }
  message Stream { string labels = 1; repeated Entry entries = 2; }
  message Entry { Timestamp timestamp = 1; bytes line = 2; repeated Pair structuredMetadata = 3; }
  message Timestamp { int64 seconds = 1; int32 nanos = 2; }
  message Pair { string name = 1; string value = 2; }
`);
const PushRequest = root.lookupType('PushRequest');

const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const MAX_LABELS = 15;
const MAX_LABEL_BYTES = 2048;
const LISTED_ERRORS = 10;

class Refusal extends Error {
  readonly status: number;

  constructor(status: number, text: string) {
    super(text);
    this.status = status;
  }
}

export class LokiStub {
  readonly options: StubOptions;
  /** Entries by labels, in the order of their times. */
  readonly streams = new Map<string, Entry[]>();
  /** The same by labels and time, to find duplicates. */
  readonly #byTime = new Map<string, Map<bigint, Entry[]>>();
  readonly requests: Received[] = [];
  readonly next: Treatment[] = [];
  /** Entries that were there already. */
  duplicates = 0;
  readonly #server;
  readonly #arrivals: (() => void)[] = [];

  constructor(options: StubOptions = {}) {
    this.options = options;
    const listener = (request: IncomingMessage, response: ServerResponse) => {
      void this.#serve(request, response);
    };
    this.#server =
      options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
  }

  static async start(options: StubOptions = {}): Promise<LokiStub> {
    const stub = new LokiStub(options);
    stub.#server.listen(0, '127.0.0.1');
    await once(stub.#server, 'listening');
    return stub;
  }

  get url(): string {
    const scheme = this.options.tls === undefined ? 'http' : 'https';
    return `${scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Lines of a Loki stream in the order of their times; without labels: of the only one. */
  lines(labels?: string): string[] {
    if (labels === undefined && this.streams.size > 1) {
      throw new Error(`there are several streams: ${[...this.streams.keys()].join(' ')}`);
    }
    const entries = this.streams.get(labels ?? [...this.streams.keys()][0] ?? '') ?? [];
    return entries.map(({ line }) => line.toString('latin1'));
  }

  /** Resolves when the next request has arrived whole. */
  arrival(): Promise<void> {
    return new Promise((resolve) => this.#arrivals.push(resolve));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const treatment = this.next.shift() ?? this.options.treat?.() ?? 'normal';
    for (const arrived of this.#arrivals.splice(0)) arrived();
    if (treatment === 'hang') return;
    if (treatment === 'cut') {
      request.socket.destroy();
      return;
    }
    if (typeof treatment === 'object') {
      if ('status' in treatment) {
        response.writeHead(treatment.status, treatment.headers).end(treatment.text);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, treatment.slowMs));
    }
    try {
      this.#push(request, Buffer.concat(chunks));
      if (treatment === 'lost') request.socket.destroy();
      else response.writeHead(204).end();
    } catch (error) {
      response.writeHead(error instanceof Refusal ? error.status : 500).end(`${(error as Error).message}\n`);
    }
  }

  #push(request: IncomingMessage, body: Buffer): void {
    const { authorization, maxBytes = Number.POSITIVE_INFINITY } = this.options;
    if (request.url !== '/loki/api/v1/push') throw new Refusal(404, '404 page not found');
    if (request.method !== 'POST') throw new Refusal(405, 'method not allowed');
    if (authorization !== undefined && request.headers.authorization !== authorization) {
      throw new Refusal(401, 'Unauthorized');
    }
    const { streams, rawBytes } = decode(request, body);
    this.requests.push({
      headers: request.headers,
      entries: streams.reduce((sum, { entries }) => sum + entries.length, 0),
      rawBytes,
    });
    if (rawBytes > maxBytes)
      throw new Refusal(413, `request body too large: ${rawBytes} bytes, limit: ${maxBytes} bytes`);
    if (streams.length === 0)
      throw new Refusal(400, 'error at least one valid stream is required for ingestion');
    // All labels are parsed before anything is stored.
    for (const { labels } of streams) checkLabels(labels);
    this.#distribute(streams);
  }

  /** Checks single entries, as the distributor does, and stores those that pass. */
  #distribute(streams: Stream[]): void {
    const { allowMetadata = true, maxLineBytes = Number.POSITIVE_INFINITY } = this.options;
    const errors = new Map<string, number>();
    const passed = streams.map(({ labels, entries }) => ({
      labels,
      entries: entries.filter((entry) => {
        const { length } = entry.line;
        const error =
          !allowMetadata && Object.keys(entry.metadata).length > 0
            ? `stream '${labels}' includes structured metadata, but this feature is disallowed.`
            : length > maxLineBytes
              ? `Max entry size '${maxLineBytes}' bytes exceeded for stream '${labels}' while adding an entry with length '${length}' bytes`
              : undefined;
        if (error !== undefined) errors.set(error, (errors.get(error) ?? 0) + 1);
        return error === undefined;
      }),
    }));
    const refusals = passed.map((stream) => this.#ingest(stream)).filter((text) => text !== undefined);
    if (refusals.length > 0) throw new Refusal(400, refusals.at(-1)!);
    if (errors.size > 0) {
      throw new Refusal(400, [...errors].map(([text, count]) => `${count} errors like: ${text}`).join('; '));
    }
  }

  /** Stores what is not refused, as the ingester does; the text of its answer when something was. */
  #ingest({ labels, entries }: Stream): string | undefined {
    const stored = this.streams.get(labels) ?? [];
    const byTime = this.#byTime.get(labels) ?? new Map<bigint, Entry[]>();
    let ordered = true;
    const refused: string[] = [];
    for (const entry of entries) {
      const reason = this.options.refuse?.(entry, labels);
      if (reason !== undefined) {
        const time = new Date(Number(entry.ns / 1_000_000n)).toISOString();
        refused.push(`entry with timestamp ${time} ignored, reason: '${reason}',\n`);
      } else if (this.options.onEntry !== undefined) {
        this.options.onEntry(entry, labels);
      } else if (byTime.get(entry.ns)?.some(({ line }) => line.equals(entry.line))) {
        this.duplicates++;
      } else {
        ordered &&= stored.length === 0 || stored.at(-1)!.ns <= entry.ns;
        stored.push(entry);
        byTime.set(entry.ns, [...(byTime.get(entry.ns) ?? []), entry]);
      }
    }
    // Sorting keeps the order of arrival where times are equal.
    if (!ordered) stored.sort((a, b) => (a.ns < b.ns ? -1 : a.ns > b.ns ? 1 : 0));
    if (stored.length > 0) this.streams.set(labels, stored);
    this.#byTime.set(labels, byTime);
    if (refused.length === 0) return undefined;
    const listed = refused.slice(0, LISTED_ERRORS).join('');
    return `${listed}user 'fake', total ignored: ${refused.length} out of ${entries.length} for stream: ${labels}`;
  }
}

function decode(request: IncomingMessage, body: Buffer): { streams: Stream[]; rawBytes: number } {
  const type = request.headers['content-type'];
  const encoding = request.headers['content-encoding'];
  if (type === 'application/x-protobuf') {
    if (encoding !== 'snappy') throw new Refusal(400, `Content-Encoding "${encoding}" not supported`);
    const raw = snappyDecompress(body);
    return { streams: fromProtobuf(raw), rawBytes: raw.length };
  }
  if (type === 'application/json') {
    if (encoding !== undefined && encoding !== 'gzip') {
      throw new Refusal(400, `Content-Encoding "${encoding}" not supported`);
    }
    const raw = encoding === 'gzip' ? gunzipSync(body) : body;
    return {
      streams: fromJson(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw))),
      rawBytes: raw.length,
    };
  }
  throw new Refusal(415, `Content-Type "${type}" not supported`);
}

/** What protobufjs makes of a push: fields of scalars that hold their default are absent. */
interface DecodedPush {
  readonly streams: readonly {
    readonly labels?: string;
    readonly entries: readonly {
      readonly timestamp?: { readonly seconds?: string; readonly nanos?: number };
      readonly line?: Buffer;
      readonly structuredMetadata: readonly { readonly name: string; readonly value: string }[];
    }[];
  }[];
}

function fromProtobuf(raw: Buffer): Stream[] {
  const decoded = PushRequest.toObject(PushRequest.decode(raw), { longs: String, arrays: true });
  return (decoded as DecodedPush).streams.map((stream) => {
    if (stream.entries.length === 0) throw new Refusal(400, 'a stream has no entries');
    const entries = stream.entries.map(({ timestamp, line, structuredMetadata }) => {
      if (timestamp === undefined) throw new Refusal(400, 'an entry has no timestamp');
      const ns = BigInt(timestamp.seconds ?? 0) * 1_000_000_000n + BigInt(timestamp.nanos ?? 0);
      const pairs = structuredMetadata.map(({ name, value }) => [name, value]);
      return { ns, line: Buffer.from(line ?? []), metadata: Object.fromEntries(pairs) };
    });
    return { labels: stream.labels ?? '', entries };
  });
}

function fromJson(message: { streams: { stream: Record<string, string>; values: unknown[][] }[] }): Stream[] {
  return message.streams.map(({ stream, values }) => {
    if (values.length === 0) throw new Refusal(400, 'a stream has no entries');
    const pairs = Object.entries(stream).toSorted(([a], [b]) => (a < b ? -1 : 1));
    const entries = values.map(([ns, line, metadata]) => {
      if (typeof ns !== 'string' || !/^\d+$/.test(ns) || typeof line !== 'string') {
        throw new Refusal(400, 'a value is not [nanoseconds, line]');
      }
      return {
        ns: BigInt(ns),
        line: Buffer.from(line),
        metadata: (metadata ?? {}) as Record<string, string>,
      };
    });
    return {
      labels: `{${pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`,
      entries,
    };
  });
}

/** Parses what the sink writes: `{a="b", c="d"}` with JSON's escapes. */
function checkLabels(labels: string): void {
  const refuse = (reason: string) =>
    new Refusal(400, `Error parsing labels '${labels}' with error: ${reason}`);
  if (!labels.startsWith('{') || !labels.endsWith('}')) throw refuse('no braces');
  const inside = labels.slice(1, -1);
  const pair = /([^=,\s]+)=("(?:[^"\\]|\\.)*")(?:, (?=.)|$)/gsy;
  const names: string[] = [];
  while (pair.lastIndex < inside.length) {
    const match = pair.exec(inside);
    if (match === null) throw refuse('syntax error');
    const [, name, quoted] = match;
    if (!LABEL.test(name!)) throw refuse(`bad name ${name}`);
    if (Buffer.byteLength(JSON.parse(quoted!)) > MAX_LABEL_BYTES) {
      throw new Refusal(400, `stream '${labels}' has label value too long: '${name}'`);
    }
    if (names.includes(name!))
      throw new Refusal(400, `stream '${labels}' has duplicate label name: '${name}'`);
    names.push(name!);
  }
  if (names.length === 0) throw new Refusal(400, 'error at least one label pair is required per stream');
  if (names.length > MAX_LABELS) {
    throw new Refusal(
      400,
      `entry for stream '${labels}' has ${names.length} label names; limit ${MAX_LABELS}`,
    );
  }
}
