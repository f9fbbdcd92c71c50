/**
 * What must not be shown of a configuration: values that the schemas say are secret (`writeOnly`), those whose keys sound
 * like secrets, and credentials in URLs. Called by load.ts for messages and by shown.ts for `GET /api/config`.
 */
import { z } from 'zod';
import type { Complaint } from './explain.ts';
import type { Path } from './problem.ts';
import { configSchema, type Registry } from './schema.ts';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Stands for a secret. */
export const MASK = '[secret]';

const SOUNDS_SECRET = /(?:^|_)(?:password|passwd|secret|token|api_?key|private_key|credentials?)$/i;
/** Keys that hold secrets further in: text in their place is likely to be one. */
const HOLDS_SECRETS = /^(?:auth|tokens|headers)$/;

/** Shorter secrets are not looked for in the words of others: they would be found by chance. */
const MIN_SOUGHT = 6;

/** The schema of configurations in which secrets are marked. Takes some milliseconds. */
export function schemaOf(registry: Registry): JsonSchema {
  return z.toJSONSchema(configSchema(registry), { io: 'input', target: 'draft-2020-12' });
}

/** @param schemas alternatives that the value may be of. */
export function isSecret(key: string, schemas: readonly JsonSchema[]): boolean {
  return schemas.some((schema) => schema.writeOnly === true) || SOUNDS_SECRET.test(key);
}

/** With what it consists of. Of components and exporters only those of the value's `type`. */
export function alternativesOf(schema: JsonSchema, value: unknown): JsonSchema[] {
  const parts = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])].filter(isSchema);
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  const fitting = parts.filter((part) => {
    const wanted = part.properties?.type;
    return !isSchema(wanted) || wanted.const === undefined || wanted.const === type;
  });
  return [schema, ...fitting.flatMap((part) => alternativesOf(part, value))];
}

export function propertiesOf(schemas: readonly JsonSchema[], name: string): JsonSchema[] {
  return schemas.flatMap(({ properties, additionalProperties }) => {
    const own = properties?.[name];
    if (isSchema(own)) return [own];
    return isSchema(additionalProperties) ? [additionalProperties] : [];
  });
}

export function itemsOf(schemas: readonly JsonSchema[]): JsonSchema[] {
  return schemas.flatMap(({ items }) => (isSchema(items) ? [items] : []));
}

/** A URL without user, password and query, which may hold a token; any other text as it is. */
export function withoutCredentials(text: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || !URL.canParse(text)) return withoutUsers(text);
  const url = new URL(text);
  if (url.username === '' && url.password === '' && url.search === '') return text;
  const user = url.username === '' && url.password === '' ? '' : `${MASK}@`;
  const query = url.search === '' ? '' : `?${MASK}`;
  return `${url.protocol}//${user}${url.host}${url.pathname}${query}`;
}

/** User and password of every URL in a text, also of those that are not valid. */
function withoutUsers(text: string): string {
  return text.replace(/:\/\/[^\s"]*@/g, `://${MASK}@`);
}

/** The secrets of a configuration as written, which may be wrong anywhere. */
export class Secrets {
  readonly #paths = new Set<string>();
  readonly #texts = new Set<string>();
  #seek: (() => void) | null;

  /** They are sought when first asked for: most configurations are right. */
  constructor(data: unknown, registry: Registry) {
    this.#seek = () => this.#find(data, [schemaOf(registry)], []);
  }

  /** Whether the value at the path must not be shown. */
  has(path: Path): boolean {
    this.#seekOnce();
    return this.#paths.has(JSON.stringify(path));
  }

  /** The complaint with no secret in it, whoever's words it is in. */
  hide(complaint: Complaint): Complaint {
    let message = withoutUsers(complaint.message);
    if (complaint.mayQuote === true) {
      this.#seekOnce();
      const longestFirst = [...this.#texts].sort((a, b) => b.length - a.length);
      for (const text of longestFirst) message = message.replaceAll(text, MASK);
    }
    return { ...complaint, message };
  }

  #seekOnce(): void {
    const seek = this.#seek;
    this.#seek = null;
    seek?.();
  }

  #find(value: unknown, schemas: readonly JsonSchema[], path: Path): void {
    const options = schemas.flatMap((schema) => alternativesOf(schema, value));
    const key = keyOf(path);
    if (isSecret(key, options)) {
      this.#add(value, path);
      return;
    }
    if (typeof value !== 'object' || value === null) {
      if (HOLDS_SECRETS.test(key)) this.#add(value, path);
      return;
    }
    for (const [name, inner] of Object.entries(value)) {
      if (Array.isArray(value)) this.#find(inner, itemsOf(options), [...path, Number(name)]);
      else this.#find(inner, propertiesOf(options, name), [...path, name]);
    }
  }

  /** The value, and everything in it. */
  #add(value: unknown, path: Path): void {
    if (typeof value !== 'object' || value === null) {
      if (value === undefined || value === null) return;
      this.#paths.add(JSON.stringify(path));
      const text = String(value as string | number | boolean);
      if (text.length < MIN_SOUGHT) return;
      this.#texts.add(text).add(JSON.stringify(text).slice(1, -1));
      return;
    }
    for (const [name, inner] of Object.entries(value)) {
      this.#add(inner, [...path, Array.isArray(value) ? Number(name) : name]);
    }
  }
}

/** The last key on the way: that of the list for its entries. */
function keyOf(path: Path): string {
  return String(path.findLast((part) => typeof part === 'string') ?? '');
}

function isSchema(schema: unknown): schema is JsonSchema {
  return typeof schema === 'object' && schema !== null && !Array.isArray(schema);
}
