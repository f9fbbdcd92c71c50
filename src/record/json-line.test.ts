import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bench, deliver, type Part, stream } from '../../test/stubs/delivery.ts';
import { JsonLineEncoder } from './json-line.ts';

const READ_AT = Date.UTC(2026, 10, 22, 18, 5, 11, 42);

function encode(part: Part, row = 0): string {
  const workbench = bench();
  const { batch, segments } = deliver(workbench, [part]);
  const out = workbench.kernel.outputs.take()!;
  const encoder = new JsonLineEncoder(workbench.kernel);
  const end = encoder.write(batch, segments[0]!, row, READ_AT, out, 3);
  const line = out.bytes.toString('utf8', 3, end);
  expect(encoder.allocate(batch, segments[0]!, row, READ_AT).toString()).toBe(line);
  return line;
}

test('a plain record has the time it was read, its origin and its text', () => {
  expect(encode({ text: 'say "hi"\n' })).toBe(
    '{"timestamp":"2026-11-22T18:05:11.042Z","source":"app","file":"/var/log/app.log","message":"say \\"hi\\""}\n',
  );
});

test('own time, level, labels and fields appear where they are known', () => {
  const line = encode({
    text: '{"a":1}\n',
    stream: stream({ labels: { env: 'prod' } }),
    severities: [17],
    timestamps: [1_700_000_000_123_456_789n],
    fields: [{ a: 1 }],
  });
  expect(JSON.parse(line)).toEqual({
    timestamp: '2023-11-14T22:13:20.123456789Z',
    source: 'app',
    file: '/var/log/app.log',
    labels: { env: 'prod' },
    level: 'error',
    message: '{"a":1}',
    fields: { a: 1 },
  });
});

test('pieces of a cut line say so, the last one does not', () => {
  const part = { text: 'abcdef\n', maxRecordBytes: 4 };
  expect(JSON.parse(encode(part, 0))).toMatchObject({ message: 'abcd', split: true });
  expect(JSON.parse(encode(part, 1))).not.toHaveProperty('split');
});

test('a stream without a path is named by its id', () => {
  const { path: _, ...pathless } = stream({ id: 'stdin' });
  expect(JSON.parse(encode({ text: 'x\n', stream: pathless }))).toMatchObject({ file: 'stdin' });
});

test('what does not fit is refused at every capacity below the needed one', () => {
  const workbench = bench();
  const { batch, segments } = deliver(workbench, [{ text: 'é"\n', fields: [{ ü: 'ß' }] }]);
  const out = workbench.kernel.outputs.take()!;
  const encoder = new JsonLineEncoder(workbench.kernel);
  const write = (capacity: number) => encoder.write(batch, segments[0]!, 0, READ_AT, { ...out, capacity }, 0);
  const needed = write(out.capacity);
  expect(needed).toBeGreaterThan(0);
  for (let capacity = 0; capacity < needed; capacity++) expect(write(capacity)).toBe(-1);
  expect(write(needed)).toBe(needed);
});

test('any text survives', () => {
  const line = fc.string({ unit: 'binary' }).filter((text) => !/[\r\n]/.test(text));
  fc.assert(
    fc.property(line, (text) => {
      expect(JSON.parse(encode({ text: `${text}\n` })).message).toBe(text);
    }),
    { numRuns: 50 },
  );
});
