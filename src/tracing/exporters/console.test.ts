import { expect, test } from 'vitest';
import type { SpanObject } from '../../../test/stubs/otlp-trace.ts';
import { plainSpan, runOf, scopeOf, tracesRun } from '../../../test/stubs/spans.ts';
import { RetryableError } from '../../component/errors.ts';
import { ConsoleTransport } from './console.ts';

const never = new AbortController().signal;

async function printed(format: 'text' | 'json', spans: SpanObject[], scope?: Buffer): Promise<string> {
  let text = '';
  const output = {
    write(part: string, callback: () => void) {
      text += part;
      callback();
    },
  };
  await new ConsoleTransport(format, output).send([runOf(spans, scope)], never);
  return text;
}

const failed: SpanObject = {
  ...plainSpan(1),
  parentSpanId: plainSpan(1, 4).spanId,
  attributes: [
    { key: 'log.size', value: { intValue: '178' } },
    { key: 'log.file.path', value: { stringValue: '/var/log/my app.log' } },
    { key: 'evil', value: { stringValue: '\u001b[2Jrm\u202e\n' } },
    { key: 'list', value: { arrayValue: { values: [{ doubleValue: 0.5 }, { boolValue: true }] } } },
  ],
  events: [{ timeUnixNano: '1795370711050000000', name: 'sealed' }],
  status: { code: 2, message: 'no answer' },
};

test('text: one line a span that people can read and that cannot steer a terminal', async () => {
  expect(await printed('text', [failed, plainSpan(2)])).toBe(
    '2026-11-22T18:05:11.042Z log.process 12.345ms' +
      ' trace=00000000000000000000000000000001 span=0000000000000001 parent=0000000000000005' +
      ' ERROR "no answer" log.size=178 log.file.path="/var/log/my app.log"' +
      ' evil="\\u001b[2Jrm\\u202e\\n" list=[0.5,true] +sealed\n' +
      '2026-11-22T18:05:11.042Z log.process 12.345ms' +
      ' trace=00000000000000000000000000000002 span=0000000000000001\n',
  );
});

test('a span says what it leaves to its scope, unless it says something else itself', async () => {
  const scope = scopeOf({ source: 'a', 'log.size': 'unknown' });
  expect(await printed('text', [failed], scope)).toContain(' source=a log.size=178 ');
  expect(await printed('json', [plainSpan(1)], scope)).toContain(
    '{"key":"source","value":{"stringValue":"a"}}',
  );
});

test('json: one line a span that programs can read', async () => {
  const lines = (await printed('json', [failed, plainSpan(2)])).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { traceId: '00000000000000000000000000000001', status: { code: 2 } },
    { traceId: '00000000000000000000000000000002', status: {} },
  ]);
});

test('it waits for the output before it writes more', async () => {
  const callbacks: (() => void)[] = [];
  let written = 0;
  const output = {
    write(_: string, callback: () => void) {
      written++;
      callbacks.push(callback);
    },
  };
  const sent = new ConsoleTransport('json', output).send([tracesRun(200)], never);
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
  expect(written).toBe(1);
  callbacks[0]!();
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
  callbacks[1]!();
  await sent;
});

test('an output that fails may work later', async () => {
  const output = { write: (_: string, callback: (error: Error) => void) => callback(new Error('EPIPE')) };
  await expect(new ConsoleTransport('text', output).send([tracesRun(1)], never)).rejects.toThrow(
    RetryableError,
  );
});
