/**
 * Describes the API as an OpenAPI 3.1 document, from the very schemas that check requests and write answers. What every
 * route may answer besides (wrong token, too many requests…) is added here. Asked by the route /api/openapi.json and by
 * the generator of docs/reference/api.md; costs nothing until then.
 */
import { STATUS_CODES } from 'node:http';
import type { RouteOptions } from 'fastify';
import { z } from 'zod';
import { accessOf } from './access.ts';
import { PROBLEM_TYPE, problemSchema } from './problem.ts';
import type { Server } from './server-type.ts';

/** Subjects of routes (`tags` of their schemas), in the order in which they are documented. */
export const TAGS = {
  health: 'Whether the agent lives and works: for probes and scrapers.',
  status: 'What the agent does, and where every log is.',
  config: 'The configuration in force, and reloading it.',
  'dead letters': 'What sinks refused for good, and sending it again.',
  tracing: 'Turning tracing up and down in the running agent.',
  traces: 'What the agent remembers of the traces it made.',
  search: 'Where a log is, and what became of it.',
  events: 'What happens, as it happens.',
  security: 'Who may use the API, and who has changed what.',
  jaeger: "Jaeger's query API, for Grafana and others that speak it.",
} as const;

export type JsonSchema = z.core.JSONSchema.BaseSchema;

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}

type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>;

export interface Answer {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { description: string; schema: JsonSchema }>>;
  readonly content?: Content;
}

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  /** Empty: nothing is needed. */
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, Answer | { readonly $ref: string }>>;
}

export type Method = 'get' | 'put' | 'post' | 'delete' | 'patch';

export interface OpenApiDocument {
  readonly openapi: '3.1.1';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Partial<Record<Method, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly responses: Readonly<Record<string, Answer>>;
    readonly securitySchemes: Readonly<Record<string, object>>;
  };
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'PUT', 'POST', 'DELETE', 'PATCH']);
const JSON_TYPE = 'application/json';
const PROBLEM_REF = { $ref: '#/components/schemas/Problem' };

const seconds = { schema: { type: 'integer' }, description: 'Seconds to wait.' } as const;
const challenge = { schema: { type: 'string' }, description: 'RFC 6750.' } as const;

/** Answers that hooks of the server give, by status. */
const SHARED: Readonly<Record<string, { name: string; answer: Answer }>> = {
  400: shared('BadRequest', 'The request is not as described; the wrong fields are named.'),
  401: shared('Unauthorized', 'No token or certificate, or one that is not known.', {
    'www-authenticate': challenge,
  }),
  403: shared(
    'Forbidden',
    'The role does not allow it, or the request comes from a web page of another origin.',
    { 'www-authenticate': challenge },
  ),
  413: shared('ContentTooLarge', 'The body is too large.'),
  415: shared('UnsupportedMediaType', 'The body is no JSON.'),
  421: shared(
    'MisdirectedRequest',
    'The Host header names a host that is not served (server.allowed_hosts).',
  ),
  429: shared('TooManyRequests', 'More requests than server.rate_limit allows.', { 'retry-after': seconds }),
};

/** The routes of a server, as they are added to it. */
export class OpenApi {
  readonly #routes: RouteOptions[] = [];

  constructor(server: Server) {
    server.addHook('onRoute', (route) => {
      this.#routes.push(route);
    });
  }

  /** @param version of the agent. */
  document(version: string): OpenApiDocument {
    const paths: Record<string, Partial<Record<Method, Operation>>> = {};
    for (const route of this.#routes) {
      if (route.schema === undefined || route.schema.hide === true) continue;
      const path = route.url.replace(/:(\w+)/g, '{$1}');
      for (const method of [route.method].flat()) {
        if (!METHODS.has(method)) continue;
        paths[path] = { ...paths[path], [method.toLowerCase()]: operationOf(route, method, path) };
      }
    }
    return {
      openapi: '3.1.1',
      info: {
        title: 'log-capturer',
        version,
        description: 'The API of the log-capturer agent. Errors are problem details (RFC 9457).',
      },
      servers: [{ url: '/' }],
      tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
      paths,
      components: {
        schemas: { Problem: jsonSchema(problemSchema, 'output') },
        responses: Object.fromEntries(Object.values(SHARED).map(({ name, answer }) => [name, answer])),
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'A token of server.auth.tokens.' },
          certificate: { type: 'mutualTLS', description: 'A certificate of server.tls.client_roles.' },
        },
      },
    };
  }
}

function operationOf({ schema, config }: RouteOptions, method: string, path: string): Operation {
  const { summary = '', description, tags = [], params, querystring, body, response } = schema!;
  const access = accessOf(method, config?.access);
  const parameters = [...parametersOf(params, 'path'), ...parametersOf(querystring, 'query')];
  const hasBody = body instanceof z.ZodType;
  const answers = new Map<string, Operation['responses'][string]>();
  const add = (...codes: number[]) => {
    for (const code of codes) {
      answers.set(String(code), { $ref: `#/components/responses/${SHARED[code]!.name}` });
    }
  };
  if (parameters.length > 0 || hasBody) add(400);
  if (access !== 'public') add(401, 421, 429);
  if (access === 'control') add(403);
  if (hasBody) add(413, 415);
  for (const [code, answer] of Object.entries((response ?? {}) as Record<string, unknown>)) {
    // What a route says of a refusal of its own tells more than what all have in common, but both may happen.
    if (answer === problemSchema && SHARED[code] !== undefined) add(Number(code));
    else answers.set(code, answerOf(Number(code), answer, schema!.produces));
  }
  return {
    operationId: operationId(method, path),
    summary,
    ...(description !== undefined && { description }),
    tags,
    security: access === 'public' ? [] : [{ token: [access] }, { certificate: [access] }],
    ...(parameters.length > 0 && { parameters }),
    ...(hasBody && {
      requestBody: {
        required: !body.safeParse(undefined).success,
        content: { [JSON_TYPE]: { schema: jsonSchema(body, 'input') } },
      },
    }),
    responses: Object.fromEntries([...answers].sort(([a], [b]) => a.localeCompare(b))),
  };
}

function answerOf(code: number, answer: unknown, produces: readonly string[] = []): Answer {
  const description = STATUS_CODES[code] ?? 'Answer';
  if (!(answer instanceof z.ZodType)) return { description };
  const said = answer.description ?? description;
  if (answer === problemSchema) {
    return { description: said, content: { [PROBLEM_TYPE]: { schema: PROBLEM_REF } } };
  }
  const types = isProblem(answer)
    ? [PROBLEM_TYPE]
    : code < 300 && produces.length > 0
      ? produces
      : [JSON_TYPE];
  const content = types.map((type) => [type, { schema: jsonSchema(answer, 'output') }] as const);
  return { description: said, content: Object.fromEntries(content) };
}

function parametersOf(schema: unknown, place: Parameter['in']): Parameter[] {
  if (!(schema instanceof z.ZodType)) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, 'input');
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...rest } = property as JsonSchema;
    return {
      name,
      in: place,
      required: place === 'path' || required.includes(name),
      ...(description !== undefined && { description }),
      schema: rest,
    };
  });
}

/** OpenAPI 3.1 takes JSON Schema 2020-12 as it is. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    target: 'draft-2020-12',
    unrepresentable: 'any',
    override({ jsonSchema: made }) {
      // Answers may get more fields: clients must not rely on there being none.
      if (io === 'output' && made.additionalProperties === false) delete made.additionalProperties;
    },
  });
  return rest as JsonSchema;
}

/** Whether an answer is a problem with fields of its own. */
function isProblem(schema: z.ZodType): boolean {
  return schema instanceof z.ZodObject && ['type', 'title', 'detail'].every((key) => key in schema.shape);
}

/** `getTracesById` of `GET /api/traces/{id}`. */
function operationId(method: string, path: string): string {
  const words = path.replace(/^\/api\//, '/').match(/\{?\w+/g) ?? ['root'];
  const name = words.map((word) =>
    word.startsWith('{') ? `By${capital(word.slice(1))}` : capital(word.replaceAll('_', '')),
  );
  return method.toLowerCase() + name.join('');
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function shared(
  name: string,
  description: string,
  headers?: Answer['headers'],
): { name: string; answer: Answer } {
  const content = { [PROBLEM_TYPE]: { schema: PROBLEM_REF } };
  return { name, answer: { description, ...(headers !== undefined && { headers }), content } };
}
