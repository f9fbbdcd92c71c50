import { appendFile, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import {
  decode,
  encode,
  RequestType,
  ScopeSpansType,
  type SpanObject,
} from '../../../test/stubs/otlp-trace.ts';
import {
  anySpan,
  ENVELOPE,
  keyValuesOf,
  plainSpan,
  RESOURCE,
  runOf,
  SCOPE,
  scopeOf,
  tracesRun,
} from '../../../test/stubs/spans.ts';
import { RetryableError } from '../../component/errors.ts';
import { FileTransport } from './file.ts';

const never = new AbortController().signal;
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'file-exporter-'));
  path = join(folder, 'sub', 'spans.jsonl');
});
afterEach(() => rm(folder, { recursive: true }));

function start(options: { maxBytes?: number; keep?: number } = {}) {
  const transport = new FileTransport({ path, maxBytes: 1e9, keep: 3, envelope: ENVELOPE, ...options });
  onTestFinished(() => transport.close());
  return transport;
}

async function lines(file = path): Promise<object[]> {
  const text = await readFile(file, 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
}

/** The trace numbers in a file, a line after the other. */
async function traces(file = path): Promise<number[]> {
  const requests = (await lines(file)) as {
    resourceSpans: { scopeSpans: { spans: { traceId: string }[] }[] }[];
  }[];
  return requests.flatMap(({ resourceSpans }) =>
    resourceSpans[0]!.scopeSpans[0]!.spans.map(({ traceId }) => Number.parseInt(traceId, 16)),
  );
}

test('a line is a request in OTLP JSON', async () => {
  const span: SpanObject = {
    ...plainSpan(0xab),
    parentSpanId: plainSpan(1, 1).spanId,
    traceState: 'ot=th:0',
    attributes: [
      { key: 's', value: { stringValue: 'ü\n' } },
      { key: 'i', value: { intValue: '9007199254740993' } },
      { key: 'b', value: { bytesValue: Buffer.from('raw') } },
      { key: 'd', value: { doubleValue: Number.POSITIVE_INFINITY } },
    ],
    events: [{ timeUnixNano: '1795370711050000000', name: 'sealed' }],
    links: [{ traceId: Buffer.alloc(16, 255), spanId: Buffer.alloc(8, 254) }],
    status: { code: 2, message: 'no' },
    droppedLinksCount: 3,
  };
  await start().send([runOf([span])], never);
  expect(await lines()).toEqual([
    {
      resourceSpans: [
        {
          resource: RESOURCE,
          scopeSpans: [
            {
              scope: SCOPE,
              spans: [
                {
                  traceId: '000000000000000000000000000000ab',
                  spanId: '0000000000000001',
                  parentSpanId: '0000000000000002',
                  traceState: 'ot=th:0',
                  name: 'log.process',
                  kind: 1,
                  startTimeUnixNano: '1795370711042000000',
                  endTimeUnixNano: '1795370711054345000',
                  attributes: [
                    { key: 's', value: { stringValue: 'ü\n' } },
                    { key: 'i', value: { intValue: '9007199254740993' } },
                    { key: 'b', value: { bytesValue: 'cmF3' } },
                    { key: 'd', value: { doubleValue: 'Infinity' } },
                  ],
                  events: [{ timeUnixNano: '1795370711050000000', name: 'sealed' }],
                  links: [{ traceId: 'f'.repeat(32), spanId: 'fe'.repeat(8) }],
                  status: { code: 2, message: 'no' },
                  droppedLinksCount: 3,
                },
              ],
            },
          ],
        },
      ],
    },
  ]);
});

/** OTLP JSON as protobufjs reads it: it knows ids as base64 only. */
function withBase64Ids(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withBase64Ids);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const isId = ['traceId', 'spanId', 'parentSpanId'].includes(key);
      return [key, isId ? Buffer.from(inner as string, 'hex').toString('base64') : withBase64Ids(inner)];
    }),
  );
}

test('JSON and protobuf say the same of any span', async () => {
  const transport = start();
  await fc.assert(
    fc.asyncProperty(fc.array(anySpan, { minLength: 1, maxLength: 3 }), async (spans) => {
      const run = runOf(spans.map((span) => ({ ...span, kind: span.kind ?? 1, status: span.status ?? {} })));
      await writeFile(path, '').catch(() => {});
      await transport.send([run], never);
      const request = encode(RequestType, withBase64Ids((await lines())[0]) as object);
      expect(decode(RequestType, request)).toEqual({
        resourceSpans: [
          { resource: RESOURCE, scopeSpans: [{ scope: SCOPE, ...decode(ScopeSpansType, run.bytes) }] },
        ],
      });
    }),
    { numRuns: 50 },
  );
});

test('what spans leave to their scope is said by the scope of their line', async () => {
  await start().send(
    [
      runOf([plainSpan(1)], scopeOf({ of: 'a' })),
      runOf([plainSpan(2)]),
      runOf([plainSpan(3)], scopeOf({ of: 'b' })),
    ],
    never,
  );
  const requests = (await lines()) as { resourceSpans: { scopeSpans: { scope: object }[] }[] }[];
  expect(requests.map(({ resourceSpans }) => resourceSpans[0]!.scopeSpans[0]!.scope)).toEqual([
    { ...SCOPE, attributes: keyValuesOf({ of: 'a' }) },
    SCOPE,
    { ...SCOPE, attributes: keyValuesOf({ of: 'b' }) },
  ]);
});

test('a large batch becomes lines that readers can take', async () => {
  await start().send([tracesRun(300), tracesRun(2, 1, 301)], never);
  expect(await traces()).toEqual(Array.from({ length: 302 }, (_, i) => i + 1));
  expect((await lines()).length).toBeGreaterThan(2);
});

test('a file that would grow too large is set aside, and only the youngest are kept', async () => {
  const transport = start({ maxBytes: 1000, keep: 2 });
  for (let trace = 1; trace <= 9; trace++) await transport.send([tracesRun(2, 1, trace * 10)], never);
  expect((await readdir(join(path, '..'))).toSorted()).toEqual([
    'spans.jsonl',
    'spans.jsonl.1',
    'spans.jsonl.2',
  ]);
  expect([await traces(`${path}.2`), await traces(`${path}.1`), await traces()]).toEqual([
    [70, 71],
    [80, 81],
    [90, 91],
  ]);
});

test('a later run of the agent appends, behind a line of its own if the last was cut off', async () => {
  const first = start();
  await first.send([tracesRun(1)], never);
  await first.close();
  await appendFile(path, '{"resourceSpans":[{"res');
  await start().send([tracesRun(1, 1, 2)], never);
  const text = await readFile(path, 'utf8');
  expect(text.split('\n').map((line) => line.slice(0, 23))).toEqual([
    '{"resourceSpans":[{"res',
    '{"resourceSpans":[{"res',
    '{"resourceSpans":[{"res',
    '',
  ]);
});

test('when the file was moved or deleted, a new one is begun', async () => {
  const transport = start();
  await transport.send([tracesRun(1)], never);
  await rename(path, `${path}.mine`);
  await transport.send([tracesRun(1, 1, 2)], never);
  await rm(path);
  await transport.send([tracesRun(1, 1, 3)], never);
  expect([await traces(`${path}.mine`), await traces()]).toEqual([[1], [3]]);
});

test('a path that cannot be written may be mended', async () => {
  await writeFile(join(folder, 'sub'), 'a file, not a folder');
  const transport = start();
  await expect(transport.send([tracesRun(1)], never)).rejects.toThrow(RetryableError);
  await rm(join(folder, 'sub'));
  await transport.send([tracesRun(1)], never);
  expect(await traces()).toEqual([1]);
});
