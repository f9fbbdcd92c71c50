/**
 * The configuration that runs, as it would be written in a file, with defaults filled in and without secrets: for
 * `GET /api/config`. What is secret is said by the schemas (`writeOnly`); keys that sound like secrets and credentials in
 * URLs are masked whatever the schemas say. Called by the agent.
 */
import { formatByteSize, formatDuration, parseByteSize } from '../component/units.ts';
import {
  alternativesOf,
  isSecret,
  itemsOf,
  type JsonSchema,
  MASK,
  propertiesOf,
  schemaOf,
  withoutCredentials,
} from './hidden.ts';
import type { Config, Registry } from './schema.ts';

export { MASK } from './hidden.ts';

/** In what a number is written. */
type Unit = 'duration' | 'size' | null;

/** A function that shows configurations with these components. Its first call takes some milliseconds more. */
export function configViewer(registry: Registry): (config: Config) => Readonly<Record<string, unknown>> {
  let schema: JsonSchema | undefined;
  return (config) => {
    schema ??= schemaOf(registry);
    return shown(config, [schema], '') as Record<string, unknown>;
  };
}

/** @param schemas alternatives that the value may be of. */
function shown(value: unknown, schemas: readonly JsonSchema[], key: string): unknown {
  if (value === undefined || value === null) return value;
  const options = schemas.flatMap((schema) => alternativesOf(schema, value));
  if (isSecret(key, options)) return maskedAll(value);
  if (Array.isArray(value)) {
    const items = itemsOf(options);
    return value.map((entry) => shown(entry, items, ''));
  }
  if (typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name, shown(inner, propertiesOf(options, name), name)]),
    );
  }
  const unit = typeof value === 'number' ? unitOf(options) : null;
  if (typeof value === 'number' && unit === 'duration') return formatDuration(value);
  if (typeof value === 'number' && unit === 'size') return exactSize(value);
  return typeof value === 'string' ? withoutCredentials(value) : value;
}

function unitOf(schemas: readonly JsonSchema[]): Unit {
  const patterns = schemas.map(({ pattern }) => pattern ?? '');
  if (patterns.some((pattern) => pattern.includes('ms|s|m|h|d'))) return 'duration';
  return patterns.some((pattern) => pattern.includes('KiB|MiB')) ? 'size' : null;
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
