/**
 * The agent's HTTP server: what every request goes through (who asks, how often, from where), its errors, and the list of
 * its routes (routes/<resource>.ts, each a schema and a handler). It only asks the agent for answers. Built and started
 * by the agent.
 */
import type { AddressInfo } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify';
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { type Clock, SystemClock } from '../component/clock.ts';
import type { Logger } from '../component/logger.ts';
import type { AgentStatus } from '../component/status.ts';
import { authorize, identify } from './access.ts';
import { AuditTrail, audited } from './audit.ts';
import { watchFiles } from './changed-files.ts';
import { boundConnections } from './connections.ts';
import { answerUnknown } from './known-paths.ts';
import { clientErrorHandler, DEFAULT_LIMITS, type Limits, listenError } from './listener.ts';
import { OpenApi, type OpenApiDocument } from './openapi.ts';
import { PROBLEM_TYPE, problemOf, Refusal } from './problem.ts';
import { limitRate, type RateLimit } from './rate-limit.ts';
import { RequestCounts } from './request-counts.ts';
import { recordRequests, type SpanRecorder } from './request-spans.ts';
import { auditRoute } from './routes/audit.ts';
import { type ConfigView, configRoute } from './routes/config.ts';
import { configReloadRoute, type ReloadAnswer } from './routes/config-reload.ts';
import { consoleRoute } from './routes/console.ts';
import { healthRoute } from './routes/health.ts';
import { type MetricsText, metricsRoute } from './routes/metrics.ts';
import { openApiRoute } from './routes/openapi.ts';
import { readyRoute } from './routes/ready.ts';
import { sinksRoutes } from './routes/sinks.ts';
import { sourcesRoutes } from './routes/sources.ts';
import { statusRoute } from './routes/status.ts';
import { tracesRoutes } from './routes/traces.ts';
import { tracingControlRoutes } from './routes/tracing-control.ts';
import { tracingExplainRoute } from './routes/tracing-explain.ts';
import { tracingRulesRoutes } from './routes/tracing-rules.ts';
import { tracingStatusRoute } from './routes/tracing-status.ts';
import { whoamiRoute } from './routes/whoami.ts';
import { checkOrigin, isLoopback } from './same-origin.ts';
import { secureContext, type TlsSettings, tlsFiles, tlsOptions } from './tls.ts';
import { type TokenSettings, Tokens } from './tokens.ts';
import type { TracingApi } from './tracing-api.ts';
import { validatorCompiler } from './validate.ts';

/** What a route file registers itself on. */
export type Server = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** The `server:` section of the configuration. */
export interface ServerSettings {
  /** Name or address to listen on. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly allowed_hosts?: readonly string[];
  /** Without tokens and certificates everybody may do everything. */
  readonly auth?: { readonly tokens: readonly TokenSettings[] };
  readonly tls?: TlsSettings | undefined;
  /** Absent: no limit. */
  readonly rate_limit?: RateLimit;
  readonly limits?: Partial<Limits> | undefined;
}

/** What routes need of the agent. */
export interface ServerParts {
  readonly log: Logger;
  /** Answers from memory; called at most once a request. */
  readonly status: () => AgentStatus;
  readonly metrics: MetricsText;
  readonly tracing: TracingApi;
  /** The configuration that runs, without its secrets. */
  readonly config?: () => ConfigView;
  /** Applies the configuration file anew; never rejects. */
  readonly reload?: () => Promise<ReloadAnswer>;
  /** Takes the spans of requests. */
  readonly spans?: SpanRecorder;
  readonly counts?: RequestCounts;
  readonly clock?: Clock;
  /** Milliseconds since 1970, for times that requests give as "5m ago". */
  readonly now?: () => number;
}

export interface HttpOptions extends ServerSettings, ServerParts {}

export class HttpServer {
  readonly #options: HttpOptions;
  readonly #clock: Clock;
  readonly #tokens: Tokens;
  readonly #openApi: OpenApi;
  readonly #server: Server;
  #stopWatching: () => void = () => {};

  /** @throws an error that says what to do when a certificate or a token cannot be used. */
  constructor(options: HttpOptions) {
    this.#options = options;
    this.#clock = options.clock ?? new SystemClock();
    this.#tokens = new Tokens(options.auth?.tokens);
    ({ server: this.#server, openApi: this.#openApi } = build(
      { ...options, clock: this.#clock },
      this.#tokens,
    ));
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
    this.#stopWatching();
    await this.#server.close();
  }

  /** The API, described. */
  async openApi(): Promise<OpenApiDocument> {
    await this.#server.ready();
    return this.#openApi.document(this.#options.status().version);
  }

  /** Takes up certificates and tokens that were replaced. What is wrong is logged, and leaves those in use as they are. */
  #watch(): void {
    const { tls, log } = this.#options;
    const attempt = (what: string, reload: () => void) => {
      try {
        reload();
        log.info({}, `${what} were read again`);
      } catch (err) {
        log.error({ err }, `${what} were changed but cannot be used; those of before stay in use`);
      }
    };
    const ends = [
      watchFiles(this.#tokens.files, this.#clock, () => attempt('tokens', () => this.#tokens.reload())),
      ...(tls === undefined
        ? []
        : [
            watchFiles(tlsFiles(tls), this.#clock, () =>
              attempt('certificates', () => {
                (this.#server.server as unknown as TlsServer).setSecureContext(secureContext(tls));
              }),
            ),
          ]),
    ];
    this.#stopWatching = () => {
      for (const end of ends) end();
    };
  }
}

/** The server with its routes, not listening yet. Tests call it with `inject`. */
export function buildServer(options: ServerParts & Partial<ServerSettings>): Server {
  const clock = options.clock ?? new SystemClock();
  return build({ ...options, clock }, new Tokens(options.auth?.tokens)).server;
}

function build(
  options: ServerParts & Partial<ServerSettings> & { clock: Clock },
  tokens: Tokens,
): { server: Server; openApi: OpenApi } {
  const { log, clock, tls, host = '127.0.0.1', allowed_hosts: allowed = [], rate_limit: rate } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const counts = options.counts ?? new RequestCounts();
  const answerError = (error: FastifyError | Refusal, request: FastifyRequest, reply: FastifyReply): void => {
    const body = problemOf(error as FastifyError, request.url);
    if (body.status >= 500) {
      log.error({ err: error, method: request.method, path: body.instance }, 'HTTP request failed');
    }
    if (error instanceof Refusal) reply.headers(error.headers);
    void reply.code(body.status).type(PROBLEM_TYPE).serializer(JSON.stringify).send(body);
  };
  const transport = {
    maxHeaderSize: limits.head,
    headersTimeout: limits.head_timeout,
    connectionsCheckingInterval: limits.check_interval,
  };
  const server = fastify({
    logger: false,
    bodyLimit: limits.body,
    requestTimeout: limits.request_timeout,
    keepAliveTimeout: limits.keep_alive,
    forceCloseConnections: true,
    clientErrorHandler,
    frameworkErrors: answerError,
    ...(tls === undefined ? { http: transport } : { https: { ...transport, ...tlsOptions(tls) } }),
  }).withTypeProvider<ZodTypeProvider>() as unknown as Server;
  boundConnections(server.server, limits.connections, counts);
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  server.setErrorHandler(answerError);

  const trail = new AuditTrail(log, options.now ?? Date.now);
  const clientRoles = tls?.client_ca_file === undefined ? undefined : tls.client_roles;
  const access = { tokens, clientRoles, clock, log, counts };
  const openApi = new OpenApi(server);
  server.addHook('onRequest', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store');
  });
  recordRequests(server, { spans: options.spans, clock, counts });
  checkOrigin(server, { host, allowed });
  identify(server, access);
  if (rate !== undefined) limitRate(server, rate, { clock, counts });
  authorize(server, access);
  audited(server, trail);
  answerUnknown(server);

  healthRoute(server, options);
  readyRoute(server, options);
  metricsRoute(server, options);
  statusRoute(server, options);
  sourcesRoutes(server, options);
  sinksRoutes(server, options);
  if (options.config !== undefined) configRoute(server, { config: options.config });
  if (options.reload !== undefined) configReloadRoute(server, { reload: options.reload });
  tracingStatusRoute(server, options);
  tracingRulesRoutes(server, options);
  tracingControlRoutes(server, options);
  tracingExplainRoute(server, options);
  tracesRoutes(server, options);
  whoamiRoute(server);
  auditRoute(server, { trail });
  openApiRoute(server, { openApi, status: options.status });
  consoleRoute(server);
  return { server, openApi };
}
