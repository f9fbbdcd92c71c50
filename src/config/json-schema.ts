/** The configuration as JSON Schema, for editors. Printed by `log-capturer schema`. */
import { z } from 'zod';
import { configSchema, type Registry } from './schema.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/**
 * JSON Schema (draft 2020-12) of what may be written in a configuration file. Keys with defaults are optional, and
 * wherever a value is bounded, one from the environment is accepted too.
 */
export function configJsonSchema(registry: Registry, version: string): JsonSchema {
  const schema = z.toJSONSchema(configSchema(registry), { io: 'input', target: 'draft-2020-12' });
  acceptVariables(schema);
  return {
    ...schema,
    $id: `urn:log-capturer:configuration:${version}`,
    title: 'log-capturer configuration',
    description: `Configuration of log-capturer ${version}.`,
    patternProperties: { '^x-': { description: 'Ignored: a place for YAML anchors.' } },
    $defs: {
      ...schema.$defs,
      variable: { type: 'string', pattern: String.raw`\$\{`, description: 'A value from the environment.' },
    },
  };
}

/** Adds `${VAR}` as an alternative to every value that is not just any text. Types of components stay literal. */
function acceptVariables(schema: JsonSchema): void {
  for (const option of schema.oneOf ?? []) acceptVariables(option as JsonSchema);
  const values = [...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties];
  for (const value of values) {
    if (typeof value !== 'object' || Array.isArray(value)) continue;
    if (isBounded(value)) {
      const accepted = Object.entries(value).filter(([key]) => !ANNOTATIONS.has(key));
      for (const [key] of accepted) delete value[key];
      value.anyOf = [Object.fromEntries(accepted), { $ref: '#/$defs/variable' }];
    } else {
      acceptVariables(value);
    }
  }
}

/** What editors show of a key, whichever alternative its value takes. */
const ANNOTATIONS: ReadonlySet<string> = new Set(['description', 'default']);

function isBounded({ type, anyOf, enum: words, pattern }: JsonSchema): boolean {
  if (type === 'integer' || type === 'number' || type === 'boolean') return true;
  return words !== undefined || pattern !== undefined || anyOf !== undefined;
}
