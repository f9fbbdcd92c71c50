/**
 * What every request to the agent's HTTP server goes through (who asks, how often, from where), its errors, and the list
 * of its routes (routes/<resource>.ts, each a schema and a handler). It only asks the agent for answers. Built by
 * http-server.ts, and by tests.
 */
import fastify, { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify';
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { type Clock, SystemClock } from '../component/clock.ts';
import type { Logger } from '../component/logger.ts';
import type { AgentStatus } from '../component/status.ts';
import { authorize, identify } from './access.ts';
import { AuditTrail, audited } from './audit.ts';
import { boundConnections } from './connections.ts';
import { EventStreams } from './event-stream.ts';
import { takeJsonBodies } from './json-bodies.ts';
import { answerUnknown } from './known-paths.ts';
import { clientErrorHandler, DEFAULT_LIMITS, expectationHandler } from './listener.ts';
import { OpenApi } from './openapi.ts';
import { Policy } from './policy.ts';
import { PROBLEM_TYPE, problemOf, Refusal } from './problem.ts';
import { limitRate } from './rate-limit.ts';
import { RequestCounts } from './request-counts.ts';
import { recordRequests, type SpanRecorder } from './request-spans.ts';
import { auditRoute } from './routes/audit.ts';
import { type ConfigView, configRoute } from './routes/config.ts';
import { configReloadRoute, type ReloadAnswer } from './routes/config-reload.ts';
import { consoleRoute } from './routes/console.ts';
import { type DeadLettersApi, deadLettersRoutes } from './routes/dead-letters.ts';
import { eventsRoute } from './routes/events.ts';
import { healthRoute } from './routes/health.ts';
import { type HistoryApi, historyRoute } from './routes/history.ts';
import { type JaegerApi, jaegerApiRoutes } from './routes/jaeger-api.ts';
import { type MetricsText, metricsRoute } from './routes/metrics.ts';
import { openApiRoute } from './routes/openapi.ts';
import { readyRoute } from './routes/ready.ts';
import { sinksRoutes } from './routes/sinks.ts';
import { sourcesRoutes } from './routes/sources.ts';
import { statusRoute } from './routes/status.ts';
import { type TailApi, tailRoute } from './routes/tail.ts';
import { tracesRoutes } from './routes/traces.ts';
import { tracingControlRoutes } from './routes/tracing-control.ts';
import { tracingExplainRoute } from './routes/tracing-explain.ts';
import { tracingRulesRoutes } from './routes/tracing-rules.ts';
import { tracingStatusRoute } from './routes/tracing-status.ts';
import { type WhereApi, whereRoute } from './routes/where.ts';
import { whoamiRoute } from './routes/whoami.ts';
import { checkOrigin } from './same-origin.ts';
import type { ServerSettings } from './server-settings.ts';
import type { Server } from './server-type.ts';
import { tlsOptions } from './tls.ts';
import type { TracingApi } from './tracing-api.ts';
import { validatorCompiler } from './validate.ts';

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
  /** Absent: nobody can send dead letters again. */
  readonly deadLetters?: DeadLettersApi;
  /** Absent: nobody can ask where a line is. */
  readonly where?: WhereApi;
  readonly tail?: TailApi;
  readonly history?: HistoryApi;
  readonly jaeger?: JaegerApi;
  /** Takes the spans of requests. */
  readonly spans?: SpanRecorder;
  readonly counts?: RequestCounts;
  readonly clock?: Clock;
  /** Milliseconds since 1970, for times that requests give as "5m ago". */
  readonly now?: () => number;
}

export interface HttpOptions extends ServerSettings, ServerParts {}

/** The server with its routes, not listening yet. Tests call it with `inject`. */
export function buildServer(options: ServerParts & Partial<ServerSettings>): Server {
  const clock = options.clock ?? new SystemClock();
  const policy = new Policy({ host: '127.0.0.1', port: 0, ...options }, clock);
  return build(options, clock, policy).server;
}

/** The server with its routes and what describes them; `policy` may change while it listens. */
export function build(
  options: ServerParts & Partial<ServerSettings>,
  clock: Clock,
  policy: Policy,
): { server: Server; openApi: OpenApi; streams: EventStreams } {
  const { log, tls } = options;
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
  server.server.on('checkExpectation', expectationHandler);
  boundConnections(server.server, limits.connections, counts);
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  server.setErrorHandler(answerError);
  takeJsonBodies(server);

  const trail = new AuditTrail(log, options.now ?? Date.now);
  const openApi = new OpenApi(server);
  const streams = new EventStreams(clock);
  server.addHook('onRequest', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store');
  });
  recordRequests(server, { spans: options.spans, clock, counts });
  checkOrigin(server, policy);
  identify(server, policy);
  limitRate(server, policy, counts);
  authorize(server, { clock, log, counts });
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
  if (options.deadLetters !== undefined) deadLettersRoutes(server, { deadLetters: options.deadLetters });
  if (options.where !== undefined) whereRoute(server, { where: options.where });
  eventsRoute(server, { ...options, clock, streams });
  if (options.tail !== undefined) tailRoute(server, { tail: options.tail, clock, streams });
  if (options.history !== undefined) historyRoute(server, { history: options.history });
  if (options.jaeger !== undefined) jaegerApiRoutes(server, { jaeger: options.jaeger });
  whoamiRoute(server);
  auditRoute(server, { trail });
  openApiRoute(server, { openApi, status: options.status });
  consoleRoute(server);
  return { server, openApi, streams };
}
