// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is how a configuration names a variable
import { expect, test } from 'vitest';
import { z } from 'zod';
import { configJsonSchema } from './json-schema.ts';
import { registry } from './registry.fixture.ts';

const schema = configJsonSchema(registry, '1.2.3');
// Read back from text, as an editor does; zod takes the place of the editor's validator.
const text = JSON.stringify(schema);
const validator = z.fromJSONSchema(JSON.parse(text) as z.core.JSONSchema.JSONSchema);

test('says which draft it is and what it describes', () => {
  expect(schema).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'urn:log-capturer:configuration:1.2.3',
    title: 'log-capturer configuration',
  });
});

test('requires only what has no default', () => {
  expect(schema.required).toEqual(['sources', 'sinks']);
});

test('describes each type of component with its own keys and the common ones', () => {
  const [file] = (schema.properties!.sources as { items: { oneOf: z.core.JSONSchema.BaseSchema[] } }).items
    .oneOf;
  expect(file).toMatchObject({
    title: 'source file',
    description: 'Reads files.',
    required: ['include', 'id', 'type'],
  });
  expect(Object.keys(file!.properties!).toSorted()).toEqual([
    'depth',
    'follow',
    'id',
    'include',
    'labels',
    'max_line_bytes',
    'processors',
    'start_at',
    'trace_context',
    'type',
  ]);
});

const SOURCES = [{ id: 'a', type: 'stdin' }];
const SINKS = [{ id: 'o', type: 'stdout' }];

test.each<[string, object]>([
  ['the least there can be', {}],
  ['zero without a unit', { dispatcher: { retry: { give_up_after: 0 } } }],
  ['a number from the environment', { server: { port: '${PORT:-8401}' } }],
  ['a word from the environment', { log: { level: '${LEVEL}' } }],
  ['an anchor', { 'x-anything': [1] }],
])('accepts %s', (_name, rest) => {
  expect(validator.safeParse({ sources: SOURCES, sinks: SINKS, ...rest }).success).toBe(true);
});

test.each<[string, object]>([
  ['an unknown key', { servers: {} }],
  ['a key of another type', { sources: [{ id: 'a', type: 'stdin', include: [] }] }],
  ['a number out of range', { server: { port: 70_000 } }],
  ['a duration without a unit', { dispatcher: { batch_timeout: '200' } }],
])('refuses %s', (_name, rest) => {
  expect(validator.safeParse({ sources: SOURCES, sinks: SINKS, ...rest }).success).toBe(false);
});
