/**
 * Answers without an end: server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). Bounds how
 * many there are, keeps silent ones alive, and drops a client that does not read: nobody's slowness may cost the agent
 * memory. What is sent is up to the routes. Built by server.ts.
 */
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Clock } from '../component/clock.ts';
import { Refusal } from './problem.ts';

export interface EventStreamLimits {
  /** Streams open at once, of all clients together. */
  readonly streams: number;
  /** A client that has left so many bytes unread is dropped. */
  readonly unreadBytes: number;
  /** How often a stream on which nothing was sent gets a comment, in milliseconds. */
  readonly heartbeatMs: number;
}

const LIMITS: EventStreamLimits = { streams: 32, unreadBytes: 1 << 20, heartbeatMs: 2000 };
/** Seconds after which a client that was refused, or whose stream was ended, may try again. */
const RETRY_SECONDS = 2;

const HEARTBEAT = ':\n\n';

export class EventStreams {
  readonly #clock: Clock;
  readonly #limits: EventStreamLimits;
  readonly #open = new Set<EventStream>();
  #cancelHeartbeat: (() => void) | null = null;

  constructor(clock: Clock, limits: Partial<EventStreamLimits> = {}) {
    this.#clock = clock;
    this.#limits = { ...LIMITS, ...limits };
  }

  /** How many are open. */
  get count(): number {
    return this.#open.size;
  }

  /**
   * Answers the request with an open stream. `onEnd` is called once, when it has ended for whatever reason.
   * @throws Refusal (429) when there are too many.
   */
  open(reply: FastifyReply, onEnd: () => void): EventStream {
    if (this.#open.size >= this.#limits.streams) {
      const detail = `${this.#limits.streams} event streams are open, which is the most there may be. Close one.`;
      throw new Refusal(429, detail, { 'retry-after': String(RETRY_SECONDS) });
    }
    const headers = { ...reply.getHeaders(), 'content-type': 'text/event-stream' } as Record<string, string>;
    reply.hijack();
    const { raw } = reply;
    // Proxies that gather answers before they pass them on (nginx) are told not to.
    raw.writeHead(200, { ...headers, 'x-accel-buffering': 'no' });
    const stream = new EventStream(raw, this.#limits.unreadBytes);
    stream.write(`retry: ${RETRY_SECONDS * 1000}\n\n`);
    this.#open.add(stream);
    raw.once('close', () => {
      this.#open.delete(stream);
      if (this.#open.size === 0) this.#stopHeartbeat();
      onEnd();
    });
    this.#cancelHeartbeat ??= this.#nextHeartbeat();
    return stream;
  }

  /** Ends all of them; clients that may come back do. */
  endAll(): void {
    for (const stream of this.#open) stream.end();
  }

  #nextHeartbeat(): () => void {
    return this.#clock.after(this.#limits.heartbeatMs, () => {
      for (const stream of this.#open) stream.beat();
      this.#cancelHeartbeat = this.#nextHeartbeat();
    });
  }

  #stopHeartbeat(): void {
    this.#cancelHeartbeat?.();
    this.#cancelHeartbeat = null;
  }
}

export class EventStream {
  readonly #response: ServerResponse;
  readonly #unreadBytes: number;
  #silent = false;

  constructor(response: ServerResponse, unreadBytes: number) {
    this.#response = response;
    this.#unreadBytes = unreadBytes;
  }

  /** Writes events as `eventText` made them. A client that has left too much unread is dropped instead. */
  write(text: string): void {
    this.#silent = false;
    if (this.#response.destroyed || this.#response.writableEnded) return;
    if (this.#response.writableLength > this.#unreadBytes) this.#response.destroy();
    else this.#response.write(text);
  }

  /** Shows that it lives, if nothing else did since the last call. */
  beat(): void {
    if (this.#silent) this.write(HEARTBEAT);
    this.#silent = true;
  }

  end(): void {
    this.#response.end();
  }
}

/** One event. `data` is written as JSON, which has no line feeds. */
export function eventText(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
