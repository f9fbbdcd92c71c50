/** What comes with the installation: its components' keys and its configuration. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { configJsonSchema } from '../config/json-schema.ts';
import { loadConfig } from '../config/load.ts';
import * as registry from '../registry.ts';

type Schema = ReturnType<typeof configJsonSchema>;

const schema = configJsonSchema(registry, '0.0.0');

/** Every mapping in the schema, by where it is. */
function* mappings(node: unknown, path = ''): Generator<[path: string, mapping: Schema]> {
  if (typeof node !== 'object' || node === null) return;
  if ('type' in node && node.type === 'object' && 'properties' in node) yield [path, node as Schema];
  for (const [key, value] of Object.entries(node)) {
    const title = (value as { title?: string } | null)?.title;
    yield* mappings(value, `${path}/${title ?? key}`);
  }
}

/** Every key in the schema, by where it is. */
const keys = [...mappings(schema)].flatMap(([path, mapping]) =>
  Object.entries(mapping.properties!).map(([key, value]): [path: string, key: Schema] => [
    `${path}/${key}`,
    value as Schema,
  ]),
);

describe('the schema', () => {
  test('has the keys of every component', () => {
    const titles = JSON.stringify(schema).match(/"title":"(?:source|processor|sink) \w+"/g);
    const types = [...registry.sources, ...registry.processors, ...registry.sinks].map(({ type }) => type);
    expect(new Set(titles?.map((title) => title.slice(0, -1).split(' ')[1]))).toEqual(new Set(types));
  });

  test.each(keys)('describes %s', (_path, key) => {
    expect(key.description).toMatch(/^[^\s].*\.$/s);
  });

  test.each([...mappings(schema)])('accepts no unknown keys in %s', (_path, mapping) => {
    expect(mapping.additionalProperties).toBe(false);
  });
});

describe('configs/config.yaml', () => {
  const file = join(import.meta.dirname, '..', '..', 'configs', 'config.yaml');

  test('is right, and reads this machine and the demo into files', async () => {
    const { sources, sinks } = await loadConfig(file, { registry, environment: {} });
    expect(sources.map(({ id, type }) => `${type} ${id}`)).toEqual(['file system', 'demo demo']);
    expect(sinks.map(({ id, type }) => `${type} ${id}`)).toEqual(['file files']);
  });

  test('listens where the environment says', async () => {
    const { server } = await loadConfig(file, { registry, environment: { LOG_CAPTURER_PORT: '0' } });
    expect(server.port).toBe(0);
  });
});
