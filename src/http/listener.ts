/**
 * What the server takes of a connection before a request is one: limits of Node's HTTP server, and answers to what is not
 * HTTP, too large or too slow. Used by server.ts.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { PROBLEM_TYPE, problem } from './problem.ts';

/** Sizes in bytes, times in milliseconds. The first four are configured (`server.limits`). */
export interface Limits {
  /** Connections open at once. */
  readonly connections: number;
  readonly body: number;
  /** Time for a whole request to arrive, then 408; and how long an idle connection is kept. */
  readonly request_timeout: number;
  readonly keep_alive: number;
  /** Largest head of a request, and the time for it to arrive. */
  readonly head: number;
  readonly head_timeout: number;
  /** How often those times are checked. */
  readonly check_interval: number;
}

export const DEFAULT_LIMITS: Limits = {
  connections: 256,
  body: 1 << 20,
  request_timeout: 30_000,
  keep_alive: 75_000,
  head: 16 << 10,
  head_timeout: 5000,
  check_interval: 1000,
};

/** Answers what is not a request and closes the connection. Nothing is logged: anyone can cause it. */
export function clientErrorHandler(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = problemOfClientError(error.code);
  const text = JSON.stringify(body);
  socket.end(
    `HTTP/1.1 ${body.status} ${body.title}\r\ncontent-type: ${PROBLEM_TYPE}\r\n` +
      `content-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
    () => socket.destroy(),
  );
}

/** Answers `Expect` with anything but 100-continue, which Node takes care of (RFC 9110, 10.1.1). */
export function expectationHandler(_request: IncomingMessage, response: ServerResponse): void {
  const body = JSON.stringify(problem(417, 'Only "Expect: 100-continue" is understood.'));
  const headers = { 'content-type': PROBLEM_TYPE, 'content-length': body.length, connection: 'close' };
  response.writeHead(417, headers).end(body);
}

/** Codes of Node's HTTP parser and server: https://nodejs.org/api/http.html#event-clienterror */
function problemOfClientError(code: string | undefined) {
  if (code === 'HPE_HEADER_OVERFLOW') return problem(431, 'The head of the request is too large.');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return problem(408, 'The request did not arrive in time.');
  return problem(400, 'This is not an HTTP/1.1 request.');
}

/** Why the server cannot listen, in words that say what to change. */
export function listenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const where = `server: cannot listen on ${host}:${port}`;
  const reasons: Record<string, string> = {
    EADDRINUSE: `${where}: the port is in use. Stop the program that has it (another log-capturer?) or set another server.port.`,
    EACCES: `${where}: this user may not use the port. Set a server.port above 1023.`,
    EADDRNOTAVAIL: `${where}: no interface of this machine has that address. Correct server.host.`,
    ENOTFOUND: `${where}: the name is unknown. Correct server.host.`,
  };
  return new Error(reasons[error.code ?? ''] ?? `${where}: ${error.message}`, { cause: error });
}
