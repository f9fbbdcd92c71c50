/**
 * A span for every API request, by OpenTelemetry's conventions for HTTP servers: child of the caller's span when the
 * request has a `traceparent`. Routes that are asked all the time to find out how the agent is (`config.traced`) have
 * none, or only then. What is recorded, and whether at all, is up to tracing. Built by server.ts.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../component/clock.ts';
import type { RequestCounts } from './request-counts.ts';
import type { Server } from './server-type.ts';
import { type ParentSpan, parentOf } from './traceparent.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * False: requests to this route leave no span. `joined`: only those with a `traceparent` do, for who asks again and
     * again how tracing is must not change what it sees.
     */
    traced?: boolean | 'joined';
  }
}

/** A request that was answered. */
export interface ServerSpan {
  readonly name: string;
  readonly parent: ParentSpan | null;
  /** Monotonic milliseconds of the `Clock`. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: ReadonlyMap<string, string | number>;
  /** Whether the server failed: the fault of a client is none of ours. */
  readonly failed: boolean;
}

/** What takes the spans: `Tracing` in src/tracing is one. */
export interface SpanRecorder {
  /** Never throws. */
  serverSpan(span: ServerSpan): void;
}

/** Longest path and user agent put on a span, in characters. */
const MAX_TEXT = 256;

interface SpansOptions {
  readonly spans: SpanRecorder | undefined;
  readonly clock: Pick<Clock, 'now'>;
  readonly counts: RequestCounts;
}

/** Counts every answer and records its span. To be called before the hooks that refuse requests. */
export function recordRequests(server: Server, { spans, clock, counts }: SpansOptions): void {
  server.addHook('onRequest', async (request, reply) => {
    const startedAt = clock.now();
    let finished = false;
    reply.raw.once('finish', () => {
      finished = true;
    });
    reply.raw.once('close', () => {
      const status = finished ? reply.raw.statusCode : undefined;
      counts.answered(status);
      const { traced = true } = request.routeOptions.config;
      if (spans === undefined || traced === false) return;
      const parent = parentOf(request.headers.traceparent, request.headers.tracestate);
      if (parent === null && traced === 'joined') return;
      spans.serverSpan({ ...describe(request, reply, status), parent, startedAt, endedAt: clock.now() });
    });
  });
}

/** https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server; the query is left out, for it may hold a secret. */
function describe(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number | undefined,
): Pick<ServerSpan, 'name' | 'attributes' | 'failed'> {
  const { method, url, protocol, hostname, port, ip, headers, identity } = request;
  const route = request.routeOptions.url?.replace(/:(\w+)/g, '{$1}');
  const failed = status === undefined || status >= 500;
  const attributes = new Map<string, string | number>([
    ['http.request.method', method],
    ['url.path', url.split('?', 1)[0]!.slice(0, MAX_TEXT)],
    ['url.scheme', protocol],
    ['client.address', ip],
    ['network.protocol.version', request.raw.httpVersion],
  ]);
  if (hostname) attributes.set('server.address', hostname.slice(0, MAX_TEXT));
  if (typeof port === 'number') attributes.set('server.port', port);
  if (route !== undefined) attributes.set('http.route', route);
  const agent = headers['user-agent'];
  if (agent !== undefined) attributes.set('user_agent.original', agent.slice(0, MAX_TEXT));
  if (identity !== null && identity.via !== 'none') attributes.set('user.name', identity.name);
  if (reply.raw.headersSent) attributes.set('http.response.status_code', reply.raw.statusCode);
  if (failed) attributes.set('error.type', status === undefined ? 'aborted' : String(status));
  return { name: route === undefined ? method : `${method} ${route}`, attributes, failed };
}
