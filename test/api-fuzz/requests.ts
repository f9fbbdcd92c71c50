/** Requests made from an OpenAPI document: right ones, nearly right ones, and hostile ones. */
import fc from 'fast-check';
import { BODIES, CONTENT_TYPES, HEADERS, METHODS, TARGETS, VALUES } from './hostile.ts';
import { type JsonSchema, jsonOf } from './json-arbitrary.ts';

/** What of an OpenAPI document is needed. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, ApiOperation>>>>;
}

interface ApiOperation {
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly schema: JsonSchema;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> };
  readonly responses: Readonly<Record<string, unknown>>;
}

/** A request as it goes over the wire; Host and the length of the body are added by whoever sends it. */
export interface WireRequest {
  readonly method: string;
  readonly target: string;
  /** Lines of the head. */
  readonly headers: readonly string[];
  readonly body: string | Buffer | null;
  /** Answers that the document has for it; null: it is hostile, and any refusal will do. */
  readonly documented: readonly number[] | null;
}

interface Draft {
  readonly query: Readonly<Record<string, unknown>>;
  readonly path: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

export function requestsOf(document: ApiDocument): fc.Arbitrary<WireRequest> {
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  return fc.constantFrom(...operations).chain(({ path, method, operation }) => {
    const documented = Object.keys(operation.responses).map(Number);
    const right = draftOf(operation).map((draft) => wire(method, path, draft, documented));
    const nearly = fc
      .tuple(draftOf(operation), VALUES, fc.nat(), fc.boolean())
      .map(([draft, value, which, adds]) =>
        wire(method, path, spoiled(draft, value, which, adds), documented),
      );
    const hostile = fc
      .tuple(
        right,
        fc.constantFrom(...CONTENT_TYPES),
        fc.constantFrom(...BODIES),
        fc.subarray([...HEADERS], { maxLength: 3 }),
      )
      .map(([request, type, body, headers]) => ({
        ...request,
        body: method === 'GET' ? request.body : body,
        headers: [`content-type: ${type}`, ...headers],
        documented: null,
      }));
    return fc.oneof(
      { weight: 3, arbitrary: right },
      { weight: 4, arbitrary: nearly },
      { weight: 3, arbitrary: hostile },
      { weight: 2, arbitrary: elsewhere(right) },
    );
  });
}

/** Another method or another target. */
function elsewhere(right: fc.Arbitrary<WireRequest>): fc.Arbitrary<WireRequest> {
  return fc
    .tuple(
      right,
      fc.constantFrom(...METHODS),
      fc.constantFrom(...TARGETS),
      fc.constantFrom('method', 'target', 'both'),
    )
    .map(([request, method, target, which]) => ({
      ...request,
      ...(which !== 'target' && { method }),
      ...(which !== 'method' && { target }),
      documented: null,
    }));
}

function draftOf({ parameters = [], requestBody }: ApiOperation): fc.Arbitrary<Draft> {
  const of = (place: string) => {
    const own = parameters.filter((parameter) => parameter.in === place);
    return fc.record(Object.fromEntries(own.map(({ name, schema }) => [name, jsonOf(schema, name)])), {
      requiredKeys: own.filter(({ required }) => required).map(({ name }) => name),
    });
  };
  const schema = Object.values(requestBody?.content ?? {})[0]?.schema;
  return fc.record({
    query: of('query'),
    path: of('path'),
    body: schema === undefined ? fc.constant(undefined) : jsonOf(schema),
  });
}

/** One value replaced by another, or one added. */
function spoiled(draft: Draft, value: unknown, which: number, adds: boolean): Draft {
  const places = (['query', 'path', 'body'] as const).filter(
    (place) =>
      typeof draft[place] === 'object' &&
      draft[place] !== null &&
      (adds || Object.keys(draft[place]).length > 0),
  );
  const place = places[which % Math.max(1, places.length)];
  if (place === undefined) return draft;
  const target = draft[place] as Record<string, unknown>;
  const keys = Object.keys(target);
  const key = adds && place !== 'path' ? 'unknown' : keys[which % Math.max(1, keys.length)];
  return key === undefined ? draft : { ...draft, [place]: { ...target, [key]: value } };
}

function wire(
  method: string,
  path: string,
  { query, path: inPath, body }: Draft,
  documented: readonly number[],
): WireRequest {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encode(inPath[name]));
  const pairs = Object.entries(query).map(([key, value]) => `${encode(key)}=${encode(value)}`);
  return {
    method,
    target: pairs.length === 0 ? filled : `${filled}?${pairs.join('&')}`,
    headers: body === undefined ? [] : ['content-type: application/json'],
    body: body === undefined ? null : JSON.stringify(body),
    documented,
  };
}

function encode(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return encodeURIComponent(text.toWellFormed());
}
