/**
 * `/jaeger/api`: Jaeger's query API as far as Grafana's Jaeger data source and Jaeger's own page use it, over the traces
 * that the agent remembers (jaegertracing/jaeger, cmd/query/app/http_handler.go). Parameters that Jaeger takes and that
 * have no meaning here are ignored, as Jaeger ignores those it does not know.
 */
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Server } from '../server-type.ts';

/** What the routes need of tracing; `JaegerQuery` in src/tracing is one. */
export interface JaegerApi {
  services(): readonly string[];
  operations(service: string): readonly { readonly name: string; readonly spanKind: string }[];
  search(search: {
    readonly service: string;
    readonly operation?: string | undefined;
    readonly tags: Readonly<Record<string, string>>;
    readonly fromMs?: number | undefined;
    readonly toMs?: number | undefined;
    readonly minDurationMs?: number | undefined;
    readonly maxDurationMs?: number | undefined;
    readonly limit: number;
  }): readonly object[];
  trace(traceId: string): object | null;
}

/** Jaeger's default, and the most that are answered. */
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

/** Durations as Go writes them. */
const GO_UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1e3,
  m: 60e3,
  h: 3600e3,
};

const answerSchema = z.object({
  data: z.unknown(),
  total: z.number(),
  limit: z.number(),
  offset: z.number(),
  errors: z.array(z.object({ code: z.number(), msg: z.string() })).nullable(),
});

const response = { 200: answerSchema, 400: answerSchema, 404: answerSchema };
const one = z.union([z.string(), z.array(z.string())]);

export function jaegerApiRoutes(server: Server, { jaeger }: { jaeger: JaegerApi }): void {
  const config = { traced: false };
  const tags = ['jaeger'];

  server.get(
    '/jaeger/api/services',
    { config, schema: { summary: 'Services: the agent.', tags, response } },
    async () => answer(jaeger.services()),
  );

  server.get(
    '/jaeger/api/services/:service/operations',
    {
      config,
      schema: { summary: 'Names of spans.', tags, params: z.object({ service: z.string() }), response },
    },
    async ({ params }) => answer([...new Set(jaeger.operations(params.service).map(({ name }) => name))]),
  );

  server.get(
    '/jaeger/api/operations',
    {
      config,
      schema: {
        summary: 'Names and kinds of spans.',
        tags,
        querystring: z.object({ service: z.string(), spanKind: z.string().optional() }),
        response,
      },
    },
    async ({ query: { service, spanKind } }) =>
      answer(jaeger.operations(service).filter((each) => !spanKind || each.spanKind === spanKind)),
  );

  server.get(
    '/jaeger/api/traces',
    {
      config,
      schema: {
        summary: 'Traces that are remembered, the newest first.',
        tags,
        querystring: z.object({
          service: z.string().optional(),
          operation: z.string().optional(),
          tags: z.string().optional().describe('JSON: {"key":"value"}.'),
          tag: one.optional().describe('key:value, again and again.'),
          start: z.string().optional().describe('Microseconds since 1970.'),
          end: z.string().optional().describe('Microseconds since 1970.'),
          minDuration: z.string().optional().describe('Such as 1.2s, 100ms, 500us.'),
          maxDuration: z.string().optional(),
          limit: z.string().optional(),
          traceID: one.optional(),
        }),
        response,
      },
    },
    async ({ query }, reply) => {
      try {
        if (query.traceID !== undefined) {
          const found = [query.traceID].flat().map((id) => jaeger.trace(traceId(id)));
          return answer(found.filter((trace) => trace !== null));
        }
        if (!query.service) throw new BadParameter("parameter 'service' is required");
        return answer(
          jaeger.search({
            service: query.service,
            operation: query.operation || undefined,
            tags: { ...tagsOf(query.tags), ...pairsOf(query.tag) },
            fromMs: micros('start', query.start),
            toMs: micros('end', query.end),
            minDurationMs: goDuration('minDuration', query.minDuration),
            maxDurationMs: goDuration('maxDuration', query.maxDuration),
            limit: limitOf(query.limit),
          }),
        );
      } catch (error) {
        return refuse(reply, error);
      }
    },
  );

  server.get(
    '/jaeger/api/traces/:id',
    {
      config,
      schema: { summary: 'One trace.', tags, params: z.object({ id: z.string() }), response },
    },
    async ({ params }, reply) => {
      try {
        const trace = jaeger.trace(traceId(params.id));
        if (trace !== null) return answer([trace]);
        return reply.code(404).send(failure(404, 'trace not found'));
      } catch (error) {
        return refuse(reply, error);
      }
    },
  );

  server.get(
    '/jaeger/api/dependencies',
    { config, schema: { summary: 'Calls between services: none, there is one.', tags, response } },
    async () => answer([]),
  );
}

class BadParameter extends Error {}

function answer(data: readonly unknown[]) {
  return { data, total: data.length, limit: 0, offset: 0, errors: null };
}

function failure(code: number, msg: string) {
  return { data: null, total: 0, limit: 0, offset: 0, errors: [{ code, msg }] };
}

function refuse(reply: FastifyReply, error: unknown) {
  if (!(error instanceof BadParameter)) throw error;
  return reply.code(400).send(failure(400, error.message));
}

/** Jaeger writes ids without leading zeros. */
function traceId(text: string): string {
  if (!/^[0-9a-fA-F]{1,32}$/.test(text))
    throw new BadParameter(`cannot parse trace ID: ${text.slice(0, 100)}`);
  return text.toLowerCase();
}

function tagsOf(text: string | undefined): Record<string, string> {
  if (!text) return {};
  try {
    return z.record(z.string(), z.string()).parse(JSON.parse(text));
  } catch {
    throw new BadParameter(`malformed 'tags' parameter, expected JSON such as {"key":"value"}`);
  }
}

function pairsOf(pairs: string | readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    [pairs].flat().map((pair) => {
      const colon = pair.indexOf(':');
      if (colon <= 0) throw new BadParameter("malformed 'tag' parameter, expected key:value");
      return [pair.slice(0, colon), pair.slice(colon + 1)];
    }),
  );
}

function micros(name: string, text: string | undefined): number | undefined {
  if (!text) return undefined;
  if (!/^\d{1,17}$/.test(text))
    throw new BadParameter(`unable to parse param '${name}': expected microseconds`);
  return Number(text) / 1000;
}

function goDuration(name: string, text: string | undefined): number | undefined {
  if (!text) return undefined;
  const part = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g;
  if (text.replace(part, '') !== '') {
    throw new BadParameter(`unable to parse param '${name}': expected a duration such as 1.2s, 100ms, 500us`);
  }
  let ms = 0;
  for (const [, number, unit] of text.matchAll(part)) ms += Number(number) * GO_UNITS[unit!]!;
  return ms;
}

function limitOf(text: string | undefined): number {
  if (!text) return DEFAULT_LIMIT;
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1) throw new BadParameter("unable to parse param 'limit'");
  return Math.min(Number(text), MAX_LIMIT);
}
