/**
 * The agent's HTTP server as it runs: listens, takes up settings, certificates and tokens that are replaced, and closes.
 * What it answers is said in server.ts. Built and started by the agent.
 */
import type { AddressInfo } from 'node:net';
import type { SecureContextOptions, Server as TlsServer } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { type Clock, SystemClock } from '../component/clock.ts';
import { isLoopback } from '../component/loopback.ts';
import { watchFiles } from './changed-files.ts';
import type { EventStreams } from './event-stream.ts';
import { listenError } from './listener.ts';
import type { OpenApi, OpenApiDocument } from './openapi.ts';
import { Policy } from './policy.ts';
import { build, type HttpOptions } from './server.ts';
import type { ServerSettings } from './server-settings.ts';
import type { Server } from './server-type.ts';
import { secureContext, type TlsSettings, tlsFiles } from './tls.ts';

export class HttpServer {
  readonly #options: HttpOptions;
  readonly #clock: Clock;
  readonly #policy: Policy;
  readonly #openApi: OpenApi;
  readonly #streams: EventStreams;
  readonly #server: Server;
  #settings: ServerSettings;
  /** The authority of clients' certificates that is in use. */
  #clientCa: SecureContextOptions['ca'];
  #isStopped = false;
  #stopWatching: () => void = () => {};

  /** @throws an error that says what to do when a certificate or a token cannot be used. */
  constructor(options: HttpOptions) {
    this.#options = options;
    this.#settings = options;
    this.#clock = options.clock ?? new SystemClock();
    this.#policy = new Policy(options, this.#clock);
    // Read before the server reads it: were it replaced in between, the first look at the files would find it changed.
    if (options.tls !== undefined) this.#clientCa = secureContext(options.tls).ca;
    ({
      server: this.#server,
      openApi: this.#openApi,
      streams: this.#streams,
    } = build(options, this.#clock, this.#policy));
  }

  /** Starts to listen; called once. @throws an error that says what to change when the address cannot be used. */
  async start(): Promise<{ port: number }> {
    const { host, port, log, tls } = this.#options;
    try {
      await this.#server.listen({ host, port });
    } catch (error) {
      throw listenError(error as NodeJS.ErrnoException, host, port);
    }
    const { port: bound } = this.#server.server.address() as AddressInfo;
    log.info({ host, port: bound, tls: tls !== undefined }, 'HTTP server is listening');
    if (tls === undefined && !isLoopback(host)) {
      log.warn(
        { host },
        'tokens travel unencrypted: set server.tls, or let only a proxy that has TLS reach this port',
      );
    }
    this.#watch();
    return { port: bound };
  }

  /** Closes the server and every connection at once. Safe without `start` and safe twice. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopWatching();
    await this.#server.close();
  }

  /** The API, described. */
  async openApi(): Promise<OpenApiDocument> {
    await this.#server.ready();
    return this.#openApi.document(this.#options.status().version);
  }

  /**
   * Builds what other settings say about who may do what, and how often; what it returns puts that in force. Address,
   * port, certificates and limits stay as they are until a restart.
   * @throws an error that says what to do when they cannot be used; nothing has changed then.
   */
  prepare(settings: ServerSettings): () => void {
    const commit = this.#policy.prepare(settings);
    return () => {
      this.#settings = settings;
      this.#putInForce(commit);
      this.#watch();
    };
  }

  #putInForce(commit: () => boolean): void {
    // Who may not see them any more must not go on seeing them; the others come back.
    if (commit()) this.#streams.endAll();
  }

  #useCertificates(tls: TlsSettings): void {
    const context = secureContext(tls);
    const { server } = this.#server;
    (server as unknown as TlsServer).setSecureContext(context);
    if (isDeepStrictEqual(context.ca, this.#clientCa)) return;
    this.#clientCa = context.ca;
    // Certificates are verified once a connection: those that the former authority vouched for come in anew.
    this.#streams.endAll();
    server.closeAllConnections();
  }

  /** Takes up certificates and tokens that are replaced. What is wrong is logged, and leaves those in use as they are. */
  #watch(): void {
    const { tls, log } = this.#options;
    this.#stopWatching();
    if (this.#isStopped) return;
    const watch = (what: string, files: readonly string[], reload: () => void) =>
      watchFiles(files, this.#clock, (isFirst) => {
        try {
          reload();
          if (!isFirst) log.info({}, `${what} were replaced; the new ones are in use`);
        } catch (err) {
          log.error({ err }, `${what} were changed but cannot be used; those of before stay in use`);
        }
      });
    const ends = [
      watch('tokens', this.#policy.rules.tokens.files, () =>
        this.#putInForce(this.#policy.prepare(this.#settings)),
      ),
      watch('certificates', tls === undefined ? [] : tlsFiles(tls), () => this.#useCertificates(tls!)),
    ];
    this.#stopWatching = () => {
      for (const end of ends) end();
    };
  }
}
