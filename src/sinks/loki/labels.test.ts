import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stream } from '../../../test/stubs/delivery.ts';
import { formatLabels, labelName, StreamLabels } from './labels.ts';

const MINUTE = 60_000;

test('labels of the sink and of the source are joined, the sink’s win', () => {
  const labels = new StreamLabels({ app: 'x-{source}', env: '{label.env}' }, 10);
  expect(labels.of(stream({ labels: { app: 'no', env: 'prod', zone: 'a' } }), 0).text).toBe(
    '{app="x-app", env="prod", zone="a"}',
  );
});

test('empty values are left out, but never all of them', () => {
  const labels = new StreamLabels({ env: '{label.env}' }, 10);
  expect(labels.of(stream(), 0).text).toBe('{source="app"}');
});

test('names of source labels are made valid', () => {
  expect(['app.kubernetes.io/name', '1st', '__name__', 'ok_1', '', 'ü'].map(labelName)).toEqual([
    'app_kubernetes_io_name',
    '_1st',
    '_name__',
    'ok_1',
    '_',
    '_',
  ]);
});

test('at most 15 labels, the others are counted', () => {
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`l${i}`, 'x']));
  const labels = new StreamLabels({ source: '{source}' }, 10);
  expect(Object.keys(labels.of(stream({ labels: many }), 0).pairs)).toHaveLength(15);
  expect(labels.labelsLeftOut).toBe(6);
});

test('a long value is cut at 1024 bytes', () => {
  const labels = new StreamLabels({ filename: '{path}' }, 10);
  expect(labels.of(stream({ path: 'é'.repeat(600) }), 0).pairs.filename).toBe('é'.repeat(512));
});

test('a stream that overflowed gets its labels when others have been idle for long', () => {
  const labels = new StreamLabels({ source: '{source}', filename: '{path}' }, 1);
  const [first, second] = [stream({ path: '/1' }), stream({ path: '/2' })];
  const text = (tailed: typeof first, minutes: number) => labels.of(tailed, minutes * MINUTE).text;
  expect(text(first, 0)).toBe('{filename="/1", source="app"}');
  expect(text(second, 1)).toBe('{source="app"}');
  expect(text(second, 29)).toBe('{source="app"}');
  expect(text(second, 31)).toBe('{filename="/2", source="app"}');
  expect(text(first, 32)).toBe('{source="app"}');
  expect(labels.active).toBe(1);
});

test('a stream in use never loses its labels', () => {
  const labels = new StreamLabels({ filename: '{path}' }, 1);
  const [first, second] = [stream({ path: '/1' }), stream({ path: '/2' })];
  for (let minute = 0; minute < 120; minute++) {
    expect(labels.of(first, minute * MINUTE).text).toBe('{filename="/1"}');
    expect(labels.of(second, minute * MINUTE).text).toBe('{source="app"}');
  }
});

test('any value is quoted so that it can be read back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const quoted = /^\{a=(".*")\}$/su.exec(formatLabels({ a: value }))![1]!;
      expect(JSON.parse(quoted)).toBe(value);
    }),
  );
});
