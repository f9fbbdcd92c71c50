import { describe, expect, test } from 'vitest';
import { TracingRig } from '../../../test/fixtures/tracing.ts';
import type { AnnotateSettings } from '../settings/settings.ts';
import { Annotations } from './annotate.ts';
import { Field, OtlpWriter } from './otlp-writer.ts';
import { type Attributes, decodeSpans } from './spans-decoder.ts';

const SETTINGS: AnnotateSettings = { attributes: {}, fields: [], maxLength: 8, redact: [] };

function encoded(settings: Partial<AnnotateSettings>, fields: Record<string, unknown>): Attributes {
  const writer = new OtlpWriter();
  const bytes = new Annotations({ ...SETTINGS, ...settings }).encode(fields);
  writer.message(Field.scopeSpans.spans, 3, () => writer.raw(bytes));
  return decodeSpans(writer.finish())[0]!.attributes;
}

describe('fields', () => {
  test.each([
    ['a text', 'text', 'text'],
    ['a whole number', 12, 12n],
    ['a fraction', -1.5, -1.5],
    ['false', false, false],
    ['null', null, undefined],
    ['an object', { a: 1 }, '{"a":1}'],
  ])('%s becomes an attribute', (_, value, attribute) => {
    expect(encoded({ fields: ['x'] }, { x: value }).get('x')).toEqual(attribute);
  });

  test('are cut to their length without half a character', () => {
    expect(encoded({ fields: ['x'] }, { x: '1234567😀' }).get('x')).toBe('1234567');
    expect(encoded({ fields: ['x'] }, { x: '123456😀9' }).get('x')).toBe('123456😀');
  });

  test('a name with dots is a field of that name, or else a path', () => {
    const fields = { 'a.b': 'flat', a: { b: 'nested', c: 'deep' } };
    expect(encoded({ fields: ['a.b'] }, fields).get('a.b')).toBe('flat');
    expect(encoded({ fields: ['a.c'] }, fields).get('a.c')).toBe('deep');
    expect(encoded({ fields: ['a.c.d', 'constructor', 'a.toString'] }, fields).size).toBe(0);
  });

  test('redacted names are hidden wherever they appear', () => {
    const redact = ['Secret'];
    const hidden = '[redacted]';
    expect(encoded({ fields: ['secret'], redact }, { secret: 'x' }).get('secret')).toBe(hidden);
    expect(encoded({ fields: ['a.secret'], redact }, { a: { secret: 'x' } }).get('a.secret')).toBe(hidden);
    expect(encoded({ fields: ['secret.a'], redact }, { secret: { a: 'x' } }).get('secret.a')).toBe(hidden);
    expect(encoded({ fields: ['a'], redact, maxLength: 99 }, { a: [{ SECRET: 1 }] }).get('a')).toBe(
      `[{"SECRET":"${hidden}"}]`,
    );
  });
});

test('redaction reaches what the agent itself says of a log', async () => {
  const rig = new TracingRig({ tracing: { mode: 'full-e2e', annotate: { redact: ['log.source_id'] } } });
  await rig.deliver(['one']);
  expect(rig.named('log.process')[0]!.attributes['log.source_id']).toBe('[redacted]');
});

test('more static attributes than a template holds are left out and counted', async () => {
  const attributes = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`k${i}`, 'ä'.repeat(4000)]));
  const rig = new TracingRig({ tracing: { mode: 'full-e2e', annotate: { attributes } } });
  await rig.deliver(['one']);
  const [trace] = rig.tracing.store.query().traces;
  const { attributes: kept, droppedAttributesCount } = trace!.spans[0]!;
  const annotated = [...kept.keys()].filter((key) => key.startsWith('k')).length;
  expect(annotated).toBeGreaterThan(10);
  expect(annotated + droppedAttributesCount).toBe(60);
});
