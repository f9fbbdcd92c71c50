/** Values that a JSON Schema accepts, as far as it goes: what it cannot make exactly is near enough to be refused politely. */
import fc from 'fast-check';

export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

/** Values worth trying for keys and parameters of these names, besides those of the schema. */
const KNOWN: Readonly<Record<string, readonly unknown[]>> = {
  source_id: ['demo', 'dem*', '/var/log/none.log'],
  source: ['demo', 'none'],
  sink: ['out', 'none'],
  id: ['demo', 'out', '0af7651916cd43dd8448eb211c80319c'],
  trace_id: ['0af7651916cd43dd8448eb211c80319c'],
  rate: [0, 0.5, 1],
  duration: ['1m', '10m', '24h'],
  since: ['5m', '2026-11-20T10:00:00Z'],
  limit: ['1', '1000'],
};

export function jsonOf(schema: JsonSchema, name = ''): fc.Arbitrary<unknown> {
  const known = KNOWN[name];
  const own = bySchema(schema);
  return known === undefined ? own : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...known) }, own);
}

function bySchema(schema: JsonSchema): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const options = schema.anyOf ?? schema.oneOf;
  if (options !== undefined) return fc.oneof(...options.map((option) => jsonOf(option)));
  switch ([schema.type].flat()[0]) {
    case 'string':
      return text(schema);
    case 'integer':
      return fc.integer({ min: clamp(schema.minimum, -1000), max: clamp(schema.maximum, 1000) });
    case 'number':
      return fc.double({ min: schema.minimum ?? -1e6, max: schema.maximum ?? 1e6, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(jsonOf(schema.items ?? {}), { minLength: schema.minItems ?? 0, maxLength: 5 });
    case 'object':
      return object(schema);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function object({ properties = {}, required = [] }: JsonSchema): fc.Arbitrary<unknown> {
  const entries = Object.entries(properties).map(([key, value]) => [key, jsonOf(value, key)] as const);
  return fc.record(Object.fromEntries(entries), { requiredKeys: [...required] });
}

function text({ pattern, minLength = 0, maxLength = 40 }: JsonSchema): fc.Arbitrary<string> {
  if (pattern !== undefined) {
    try {
      return fc.stringMatching(new RegExp(pattern), { maxLength: 60 });
    } catch {
      // Not every expression can be turned round.
    }
  }
  return fc.string({ minLength, maxLength: Math.min(Math.max(maxLength, minLength), minLength + 40) });
}

function clamp(bound: number | undefined, fallback: number): number {
  return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, bound ?? fallback));
}
