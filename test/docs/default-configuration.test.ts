/**
 * configs/config.yaml is a map of everything that can be set: every key is in it, what is switched off can be switched on,
 * and what it shows as a default is the default. Keys directly behind a # are switched off; text follows a # and one space.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { z } from 'zod';
import { configJsonSchema } from '../../src/config/json-schema.ts';
import { parseConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problem.ts';
import * as registry from '../../src/registry.ts';
import { ROOT } from './markdown.ts';

type Schema = z.core.JSONSchema.BaseSchema;

const written = readFileSync(join(ROOT, 'configs', 'config.yaml'), 'utf8');
const switchedOn = written.replace(/^( *)#(?= {2}|\S)/gm, '$1');
const names = [...switchedOn.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => [name!, `${name}-`.repeat(8)]);
const environment = Object.fromEntries(names);

test('with everything switched on it is still accepted, but for files that are not there', () => {
  const problems: string[] = [];
  try {
    parseConfig(switchedOn, 'config.yaml', { registry, environment });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems.map(({ line, message }) => `${line}: ${message}`));
  }
  expect(problems.filter((problem) => !problem.includes('there is no such file'))).toEqual([]);
  expect(Object.keys(parse(switchedOn) as object)).toHaveLength(Object.keys(schema.properties!).length);
});

const schema = configJsonSchema(registry, '');
const keys = keysOf(schema, '');

describe('every key is mentioned', () => {
  test.each(keys.map(([path]) => path))('%s', (path) => {
    expect(switchedOn).toMatch(new RegExp(`(^|[\\s{])${path.slice(path.lastIndexOf('.') + 1)}:`, 'm'));
  });
});

describe('what is shown is the default', () => {
  const whole = parse(switchedOn) as object;
  const defaults = keys.filter(
    ([path, value]) => !path.includes('[') && typeof value !== 'object' && value !== undefined,
  );

  test.each(defaults)('%s', (path, value) => {
    const shown = path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], whole);
    const variable = /^\$\{\w+:-(.*)\}$/.exec(String(shown))?.[1];
    expect(variable ?? String(shown)).toBe(String(value));
  });
});

/** Paths of all keys, with their defaults; those of alternatives and of entries of lists behind `[…]`. */
function keysOf(mapping: Schema, prefix: string): [path: string, value: unknown][] {
  return (Object.entries(mapping.properties ?? {}) as [string, Schema][]).flatMap(([key, value]) => {
    const items = value.items as Schema | undefined;
    const options = (value.oneOf ?? items?.oneOf ?? []) as Schema[];
    return [
      [`${prefix}${key}`, value.default] as [string, unknown],
      ...keysOf(value, `${prefix}${key}.`),
      ...(items === undefined ? [] : keysOf(items, `${prefix}${key}[].`)),
      ...options.flatMap((option) => keysOf(option, `${prefix}${key}[${wordOf(option)}].`)),
    ];
  });
}

function wordOf({ properties }: Schema): string {
  return String((properties?.type as Schema | undefined)?.const);
}
