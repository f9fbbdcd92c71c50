import { resolve, sep } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stream } from '../../../test/stubs/delivery.ts';
import { OutputPaths, safeName } from './output-path.ts';

const NOON = Date.UTC(2026, 10, 22, 12);

test('placeholders name the source, the file, the UTC day and labels', () => {
  const paths = new OutputPaths('/out/{source}/{label.env}/{file}-{date}.log');
  const nginx = stream({ source: 'nginx', path: '/var/log/a.log', labels: { env: 'prod' } });
  expect(paths.of(nginx, NOON)).toBe('/out/nginx/prod/a.log-2026-11-22.log');
});

test('the path changes at midnight UTC, back and forth', () => {
  const paths = new OutputPaths('/out/{date}');
  const app = stream();
  const midnight = Date.UTC(2026, 10, 23);
  expect([midnight - 1, midnight, midnight - 1].map((at) => paths.of(app, at))).toEqual([
    '/out/2026-11-22',
    '/out/2026-11-23',
    '/out/2026-11-22',
  ]);
});

test('a label the stream does not have becomes none', () => {
  expect(new OutputPaths('/out/{label.env}').of(stream(), NOON)).toBe('/out/none');
});

test('a relative path is taken from the working directory', () => {
  expect(new OutputPaths('data/x').of(stream(), NOON)).toBe(resolve('data/x'));
});

test('no value leaves its folder or breaks a file name', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('..', '.', '../../etc', 'a/../..', '\0')),
      (value) => {
        const name = safeName(value);
        expect(resolve('/out', name)).toBe(`/out${sep}${name}`);
        expect(name).not.toContain('\0');
      },
    ),
  );
});

const ROTATED = '.2026-11-22T18-05-11.000Z-99999.gz.tmp';

test('no part of a path is longer than file systems take, not even with what rotation adds', () => {
  const part = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 400 }), fc.constant('x'.repeat(300)));
  fc.assert(
    fc.property(part, part, part, (source, label, file) => {
      const paths = new OutputPaths('/out/{source}-{label.a}/{file}-{label.a}.log');
      const path = paths.of(stream({ source, labels: { a: label }, path: file }), NOON);
      for (const each of path.split('/')) expect(Buffer.byteLength(each)).toBeLessThanOrEqual(255);
      expect(Buffer.byteLength(path.split('/').at(-1)! + ROTATED)).toBeLessThanOrEqual(255);
    }),
  );
});

test('long names stay distinct and keep their ending', () => {
  const of = (path: string) => new OutputPaths('/out/{file}').of(stream({ path }), NOON);
  const [one, two] = ['1', '2'].map((end) => of(`${'x'.repeat(240)}${end}.log`));
  expect(one).not.toBe(two);
  expect(one).toMatch(/^\/out\/x{180,}-[0-9a-f]{8}\.log$/);
});

test('a name that fits is left alone', () => {
  const name = 'x'.repeat(217);
  expect(new OutputPaths('/out/{file}').of(stream({ path: name }), NOON)).toBe(`/out/${name}`);
});
