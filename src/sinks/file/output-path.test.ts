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
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
      },
    ),
  );
});

test('a long value is cut at 200 bytes', () => {
  expect(safeName('é'.repeat(300))).toBe('é'.repeat(100));
});
