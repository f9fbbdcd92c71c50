/**
 * The server of the http source: sockets, TLS, limits against slow and many clients. It knows nothing of logs: every
 * request goes to `serve`.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { parseListen } from '../../component/listen.ts';
import type { HttpSourceConfig } from './schema.ts';

/** Longest time for the headers of a request, in milliseconds, and how often connections are looked through. */
const HEADERS_TIMEOUT_MS = 10_000;
const CHECK_EVERY_MS = 1000;
/** Longer than the 60 s after which most load balancers close idle connections, so that it is they who close. */
const KEEP_ALIVE_MS = 75_000;
const MAX_HEADER_BYTES = 16_384;

export class Listener {
  readonly #config: HttpSourceConfig;
  readonly #serve: RequestListener;
  #server: Server | null = null;
  #connections = 0;
  /** Connections that were closed at once because there were too many. */
  refused = 0;

  constructor(config: HttpSourceConfig, serve: RequestListener) {
    this.#config = config;
    this.#serve = serve;
  }

  get connections(): number {
    return this.#connections;
  }

  /** Where it listens, as text; undefined while it does not. */
  get address(): string | undefined {
    const address = this.#server?.address() as AddressInfo | null | undefined;
    if (address === null || address === undefined) return undefined;
    return address.family === 'IPv6'
      ? `[${address.address}]:${address.port}`
      : `${address.address}:${address.port}`;
  }

  /** @throws the system's error when the address cannot be listened on or a file of `tls` cannot be read. */
  async open(): Promise<void> {
    const { tls, listen, max_connections, request_timeout } = this.#config;
    const options: ServerOptions = {
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, request_timeout),
      requestTimeout: request_timeout,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: CHECK_EVERY_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    };
    const server =
      tls === undefined
        ? createServer(options, this.#serve)
        : createTlsServer({ ...options, ...(await tlsOptions(tls)) }, this.#serve);
    // A client that waits for leave to send its body is told first when it need not.
    server.on('checkContinue', this.#serve);
    server.maxConnections = max_connections;
    server.on('drop', () => {
      this.refused++;
    });
    server.on('connection', (socket) => {
      this.#connections++;
      socket.once('close', () => this.#connections--);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(parseListen(listen)!, () => {
        server.off('error', reject);
        resolve();
      });
    });
    this.#server = server;
  }

  /** Takes no more connections and closes idle ones; resolves when all are closed. Safe twice. */
  close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return Promise.resolve();
    return new Promise((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
    });
  }
}

async function tlsOptions({ cert_file, key_file, client_ca_file }: NonNullable<HttpSourceConfig['tls']>) {
  const [cert, key] = await Promise.all([readFile(cert_file), readFile(key_file)]);
  if (client_ca_file === undefined) return { cert, key };
  return { cert, key, ca: await readFile(client_ca_file), requestCert: true, rejectUnauthorized: true };
}
