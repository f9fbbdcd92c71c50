/**
 * The agent's HTTP server: its limits, its errors, and the list of its routes (routes/<resource>.ts, each a schema
 * and a handler). It only asks the agent for answers and keeps no state. Built and started by the agent.
 */
import type { AddressInfo, Socket } from 'node:net';
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
import type { Logger } from '../component/logger.ts';
import type { AgentStatus } from '../component/status.ts';
import { PROBLEM_TYPE, problem, problemOf } from './problem.ts';
import { healthRoute } from './routes/health.ts';
import { type MetricsText, metricsRoute } from './routes/metrics.ts';
import { readyRoute } from './routes/ready.ts';
import { statusRoute } from './routes/status.ts';
import { tracesRoutes } from './routes/traces.ts';
import { tracingRulesRoutes } from './routes/tracing-rules.ts';
import { tracingStatusRoute } from './routes/tracing-status.ts';
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

/** What a client may take of the server. */
export interface Limits {
  /** Largest request body and largest request head, in bytes. */
  readonly bodyBytes: number;
  readonly headerBytes: number;
  /** Time for a request's head and for the whole request to arrive, in milliseconds; then 408. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** How often those times are checked. */
  readonly checkIntervalMs: number;
  /** How long an idle connection is kept; longer than the usual minute between two scrapes. */
  readonly keepAliveMs: number;
  /** Connections open at once; further ones are closed at once. */
  readonly connections: number;
}

const DEFAULT_LIMITS: Limits = {
  bodyBytes: 1 << 20,
  headerBytes: 16 << 10,
  headersTimeoutMs: 5000,
  requestTimeoutMs: 30_000,
  checkIntervalMs: 1000,
  keepAliveMs: 75_000,
  connections: 256,
};

export interface HttpOptions {
  /** Name or address to listen on. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly log: Logger;
  /** Answers from memory; called at most once a request. */
  readonly status: () => AgentStatus;
  readonly metrics: MetricsText;
  readonly tracing: TracingApi;
  /** Milliseconds since 1970, for times that requests give as "5m ago". */
  readonly now?: () => number;
  readonly limits?: Partial<Limits>;
}

export class HttpServer {
  readonly #options: HttpOptions;
  readonly #server: Server;

  constructor(options: HttpOptions) {
    this.#options = options;
    this.#server = buildServer(options);
  }

  /** Starts to listen; called once. @throws an error that says what to change when the address cannot be used. */
  async start(): Promise<{ port: number }> {
    const { host, port, log } = this.#options;
    try {
      await this.#server.listen({ host, port });
    } catch (error) {
      throw listenError(error as NodeJS.ErrnoException, host, port);
    }
    const { port: bound } = this.#server.server.address() as AddressInfo;
    log.info({ host, port: bound }, 'HTTP server is listening');
    return { port: bound };
  }

  /** Closes the server and every connection at once. Safe without `start` and safe twice. */
  async stop(): Promise<void> {
    await this.#server.close();
  }
}

/** The server with its routes, not listening yet. Tests call it with `inject`. */
export function buildServer(options: Omit<HttpOptions, 'host' | 'port'>): Server {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const answerError = (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    const body = problemOf(error, request.url);
    if (body.status >= 500) {
      options.log.error({ err: error, method: request.method, path: body.instance }, 'HTTP request failed');
    }
    void reply.code(body.status).type(PROBLEM_TYPE).serializer(JSON.stringify).send(body);
  };
  const server = fastify({
    logger: false,
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveMs,
    forceCloseConnections: true,
    clientErrorHandler,
    frameworkErrors: answerError,
    http: {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
    },
  }).withTypeProvider<ZodTypeProvider>();
  server.server.maxConnections = limits.connections;
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);

  server.addHook('onRequest', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store');
  });
  server.setNotFoundHandler((request, reply) => {
    const detail = `Nothing answers ${request.method} on this path.`;
    return reply
      .code(404)
      .type(PROBLEM_TYPE)
      .send(problem(404, detail, request.url));
  });
  server.setErrorHandler(answerError);

  healthRoute(server, options);
  readyRoute(server, options);
  metricsRoute(server, options);
  statusRoute(server, options);
  tracingStatusRoute(server, options);
  tracingRulesRoutes(server, options);
  tracesRoutes(server, options);
  return server;
}

/** Answers what is not HTTP, too large or too slow, and closes the connection. Nothing is logged: anyone can cause it. */
function clientErrorHandler(error: Error & { code?: string }, socket: Socket): void {
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

/** Codes of Node's HTTP parser and server: https://nodejs.org/api/http.html#event-clienterror */
function problemOfClientError(code: string | undefined) {
  if (code === 'HPE_HEADER_OVERFLOW') return problem(431, 'The head of the request is too large.');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return problem(408, 'The request did not arrive in time.');
  return problem(400, 'This is not an HTTP/1.1 request.');
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const where = `server: cannot listen on ${host}:${port}`;
  const reasons: Record<string, string> = {
    EADDRINUSE: `${where}: the port is in use. Stop the program that has it (another log-capturer?) or set another server.port.`,
    EACCES: `${where}: this user may not use the port. Set a server.port above 1023.`,
    EADDRNOTAVAIL: `${where}: no interface of this machine has that address. Correct server.host.`,
    ENOTFOUND: `${where}: the name is unknown. Correct server.host.`,
  };
  return new Error(reasons[error.code ?? ''] ?? `${where}: ${error.message}`, { cause: error });
}
