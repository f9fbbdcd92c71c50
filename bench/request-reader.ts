/**
 * Reads HTTP/1.1 requests off a connection and throws their bodies away, counting. As little work as possible, so that
 * the discard server never is what limits a benchmark. Called by the discard server.
 */

export interface RequestEnd {
  readonly method: string;
  readonly path: string;
  readonly bodyBytes: number;
  /** Line feeds in the body; counted only for paths that end in `/lines`. */
  readonly lines: number;
}

export interface RequestEvents {
  /** The client waits for permission to send the body (`Expect: 100-continue`). */
  expectsContinue(): void;
  ended(request: RequestEnd): void;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const MAX_HEAD = 64 * 1024;
const LF = 0x0a;

export class RequestReader {
  readonly #events: RequestEvents;
  #head: Buffer = Buffer.alloc(0);
  /** Bytes of the body still to come; -1 while the head is read. */
  #left = -1;
  #method = '';
  #path = '';
  #bodyBytes = 0;
  #lines = 0;

  constructor(events: RequestEvents) {
    this.#events = events;
  }

  /** Takes the next bytes of the connection. @throws on what it cannot read: no length, chunks, an endless head. */
  push(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0 || this.#left === 0) {
      if (this.#left < 0) {
        rest = this.#readHead(rest);
        if (this.#left < 0) return;
      }
      const part = rest.subarray(0, this.#left);
      if (this.#path.endsWith('/lines')) this.#lines += lineFeeds(part);
      this.#left -= part.length;
      rest = rest.subarray(part.length);
      if (this.#left > 0) return;
      this.#left = -1;
      this.#events.ended({
        method: this.#method,
        path: this.#path,
        bodyBytes: this.#bodyBytes,
        lines: this.#lines,
      });
    }
  }

  /** Reads the head if it is complete; returns what follows it. */
  #readHead(bytes: Buffer): Buffer {
    const all = this.#head.length === 0 ? bytes : Buffer.concat([this.#head, bytes]);
    const end = all.indexOf(HEAD_END);
    if (end === -1) {
      if (all.length > MAX_HEAD) throw new Error('the head of a request is longer than 64 KiB');
      this.#head = Buffer.from(all);
      return Buffer.alloc(0);
    }
    this.#head = Buffer.alloc(0);
    const [first, ...fields] = all.toString('latin1', 0, end).split('\r\n');
    [this.#method = '', this.#path = ''] = first!.split(' ');
    const length = header(fields, 'content-length');
    if (length === undefined && this.#method !== 'GET') throw new Error('a request has no Content-Length');
    this.#left = Number(length ?? 0);
    this.#bodyBytes = this.#left;
    this.#lines = 0;
    if (header(fields, 'expect')?.toLowerCase() === '100-continue') this.#events.expectsContinue();
    return all.subarray(end + HEAD_END.length);
  }
}

function header(fields: readonly string[], name: string): string | undefined {
  const field = fields.find((line) => line.slice(0, line.indexOf(':')).toLowerCase() === name);
  return field?.slice(field.indexOf(':') + 1).trim();
}

function lineFeeds(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) count++;
  return count;
}
