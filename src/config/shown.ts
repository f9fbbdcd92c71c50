/**
 * The configuration that runs, as it would be written in a file, with defaults filled in and without secrets: for
 * `GET /api/config`. What is secret is said by the schemas (`writeOnly`); keys that sound like secrets and credentials in
 * URLs are masked whatever the schemas say. Called by the agent.
 */
import { z } from 'zod';
import { formatByteSize, formatDuration, parseByteSize } from '../component/units.ts';
import { type Config, configSchema, type Registry } from './schema.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Stands for a secret. */
export const MASK = '[secret]';

const SOUNDS_SECRET = /(?:^|_)(?:password|passwd|secret|token|api_?key|private_key|credentials?)$/i;

/** How a value is written. */
interface Written {
  readonly secret: boolean;
  readonly unit: 'duration' | 'size' | null;
}

/** A function that shows configurations with these components. Its first call takes some milliseconds more. */
export function configViewer(registry: Registry): (config: Config) => Readonly<Record<string, unknown>> {
  let schema: JsonSchema | undefined;
  return (config) => {
    schema ??= z.toJSONSchema(configSchema(registry), { io: 'input', target: 'draft-2020-12' });
    return shown(config, [schema], '') as Record<string, unknown>;
  };
}

/** @param schemas alternatives that the value may be of. */
function shown(value: unknown, schemas: readonly JsonSchema[], key: string): unknown {
  if (value === undefined || value === null) return value;
  const options = schemas.flatMap((schema) => alternativesOf(schema, value));
  const { secret, unit } = written(options);
  if (secret || SOUNDS_SECRET.test(key)) return maskedAll(value);
  if (Array.isArray(value)) {
    const items = options.flatMap(({ items: of }) => (isSchema(of) ? [of] : []));
    return value.map((entry) => shown(entry, items, ''));
  }
  if (typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name, shown(inner, propertiesOf(options, name), name)]),
    );
  }
  if (typeof value === 'number' && unit === 'duration') return formatDuration(value);
  if (typeof value === 'number' && unit === 'size') return exactSize(value);
  return typeof value === 'string' ? withoutCredentials(value) : value;
}

/** Of components and exporters only those of the value's `type`. */
function alternativesOf(schema: JsonSchema, value: unknown): JsonSchema[] {
  const parts = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])].filter(isSchema);
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  const fitting = parts.filter((part) => {
    const wanted = part.properties?.type;
    return !isSchema(wanted) || wanted.const === undefined || wanted.const === type;
  });
  return [schema, ...fitting.flatMap((part) => alternativesOf(part, value))];
}

function propertiesOf(schemas: readonly JsonSchema[], name: string): JsonSchema[] {
  return schemas.flatMap(({ properties, additionalProperties }) => {
    const own = properties?.[name];
    if (isSchema(own)) return [own];
    return isSchema(additionalProperties) ? [additionalProperties] : [];
  });
}

function written(schemas: readonly JsonSchema[]): Written {
  const patterns = schemas.map(({ pattern }) => pattern ?? '');
  return {
    secret: schemas.some((schema) => schema.writeOnly === true),
    unit: patterns.some((pattern) => pattern.includes('ms|s|m|h|d'))
      ? 'duration'
      : patterns.some((pattern) => pattern.includes('KiB|MiB'))
        ? 'size'
        : null,
  };
}

/** Bytes as the configuration writes them: rounded sizes would be other ones. */
function exactSize(bytes: number): string {
  const size = formatByteSize(bytes);
  return parseByteSize(size) === bytes ? size : `${bytes}B`;
}

function maskedAll(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return MASK;
  if (Array.isArray(value)) return value.map(maskedAll);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, maskedAll(inner)]));
}

/** A URL without user, password and query, which may hold a token; any other text as it is. */
function withoutCredentials(text: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || !URL.canParse(text)) return text;
  const url = new URL(text);
  if (url.username === '' && url.password === '' && url.search === '') return text;
  const user = url.username === '' && url.password === '' ? '' : `${MASK}@`;
  const query = url.search === '' ? '' : `?${MASK}`;
  return `${url.protocol}//${user}${url.host}${url.pathname}${query}`;
}

function isSchema(schema: unknown): schema is JsonSchema {
  return typeof schema === 'object' && schema !== null && !Array.isArray(schema);
}
