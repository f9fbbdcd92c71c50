/**
 * A client of the http source, as an application would be: sends lines in order, a request after the other, each until
 * it is answered 200. Called by the laboratory.
 */
import { request } from 'node:http';
import type { Content } from './logs.ts';

const PAUSE_MS = 50;
const TIMEOUT_MS = 3000;

interface Post {
  readonly content: Content;
  readonly from: number;
  readonly to: number;
}

export class Poster {
  readonly #port: number;
  readonly #posts: Post[] = [];
  #isSending = false;
  #isClosed = false;
  /** Lines that were sent more than once, as `file.seq`. */
  readonly repeated = new Set<string>();

  constructor(port: number) {
    this.#port = port;
  }

  /** Nothing waits for its answer. */
  get isIdle(): boolean {
    return !this.#isSending;
  }

  /** Sends the lines `from` to `to` (excluded) of the content, as soon as everything before is answered. */
  post(post: Post): void {
    this.#posts.push(post);
    if (!this.#isSending) void this.#send();
  }

  close(): void {
    this.#isClosed = true;
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    for (let post = this.#posts[0]; post !== undefined && !this.#isClosed; post = this.#posts[0]) {
      const { content, from, to } = post;
      const lines = content.lines.slice(from, to);
      const body = Buffer.concat(lines.flatMap(({ bytes }) => [bytes, Buffer.from('\n')]));
      if ((await this.#attempt(body)) === 200) this.#posts.shift();
      else {
        for (const { seq } of lines) this.repeated.add(`${content.file}.${seq}`);
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
    this.#isSending = false;
  }

  /** The status of the answer; 0: there was none. */
  #attempt(body: Buffer): Promise<number> {
    return new Promise((resolve) => {
      const call = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          path: '/logs',
          method: 'POST',
          timeout: TIMEOUT_MS,
          headers: { 'content-type': 'text/plain', 'content-length': body.length },
        },
        (response) => {
          response.resume();
          response.on('end', () => resolve(response.statusCode!));
          response.on('error', () => resolve(0));
        },
      );
      call.on('timeout', () => call.destroy(new Error('timeout')));
      call.on('error', () => resolve(0));
      call.end(body);
    });
  }
}
