import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stream } from '../../test/stubs/delivery.ts';
import {
  parseTemplate,
  render,
  streamValue,
  templateText,
  truncateUtf8,
  variesByStream,
} from './template.ts';

const ALL = ['source', 'file', 'path'] as const;

test('placeholders are replaced by what the stream is', () => {
  const template = parseTemplate('{source}:{file}:{path}:{label.env}:{label.none}!', ALL);
  const nginx = stream({ source: 'nginx', path: '/var/log/a.log', labels: { env: 'prod' } });
  expect(render(template, (placeholder) => streamValue(placeholder, nginx)!)).toBe(
    'nginx:a.log:/var/log/a.log:prod:!',
  );
});

test('an unknown placeholder is an error that names the known ones', () => {
  expect(() => parseTemplate('x{sorce}', ['source'])).toThrow(
    'unknown placeholder {sorce}; accepted: {source}, {label.NAME}',
  );
  expect(templateText(['source']).safeParse('{date}').error?.issues[0]?.message).toContain(
    'unknown placeholder {date}',
  );
});

test('a placeholder that is known elsewhere is unknown where it is not accepted', () => {
  expect(() => parseTemplate('{path}', ['source'])).toThrow('unknown placeholder {path}');
});

test.each([
  ['out/{source.log', 'a { without its }; placeholders are {source}, {label.NAME}'],
  ['out/source}.log', 'a } without its {'],
  ['{source}}', 'a } without its {'],
  ['{{source}', 'a { without its }'],
])('a brace without its other is an error: %s', (text, message) => {
  expect(() => parseTemplate(text, ['source'])).toThrow(message);
});

test('only the path and the file differ between streams of a source', () => {
  expect(
    ['{source}', 'x', '{label.a}', '{file}', 'a{path}'].map((text) =>
      variesByStream(parseTemplate(text, ALL)),
    ),
  ).toEqual([false, false, false, true, true]);
});

test('a text is cut at a whole character and never longer than asked', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(20), (text, bytes) => {
      const cut = truncateUtf8(text, bytes);
      expect(text.startsWith(cut)).toBe(true);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(bytes);
      const next = String.fromCodePoint(text.codePointAt(cut.length) ?? 0);
      if (cut !== text) expect(Buffer.byteLength(cut + next)).toBeGreaterThan(bytes);
    }),
  );
});
