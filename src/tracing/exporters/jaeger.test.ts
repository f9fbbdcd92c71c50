import fc from 'fast-check';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { JaegerCollector } from '../../../test/stubs/jaeger-collector.ts';
import type { AnyValueObject, KeyValueObject, SpanObject } from '../../../test/stubs/otlp-trace.ts';
import { anySpan, ENVELOPE, plainSpan, runOf, scopeOf, tracesRun } from '../../../test/stubs/spans.ts';
import { PermanentError, RetryableError } from '../../component/errors.ts';
import { FakeClock } from '../../component/fake-clock.ts';
import { JaegerTransport } from './jaeger.ts';

const never = new AbortController().signal;
let collector: JaegerCollector;

beforeEach(async () => {
  collector = await JaegerCollector.start();
});
afterEach(() => collector.close());

function connect(compression: 'none' | 'gzip' = 'none') {
  const transport = new JaegerTransport({
    settings: {
      endpoint: collector.url,
      headers: {},
      timeoutMs: 10_000,
      compression,
      tls: { insecureSkipVerify: false },
    },
    envelope: ENVELOPE,
    connections: 1,
    userAgent: 'test',
    clock: new FakeClock(),
  });
  onTestFinished(() => transport.close());
  return transport;
}

/** The spans as Apache's Thrift library reads them. */
async function received(...runs: SpanObject[][]) {
  await connect().send(
    runs.map((spans) => runOf(spans)),
    never,
  );
  expect(collector.violations).toEqual([]);
  return collector.batches.at(-1)!;
}

/** An id's part as a signed number of 64 bits. */
function int64(bytes: Uint8Array | undefined, at = 0): bigint {
  return bytes === undefined ? 0n : Buffer.from(bytes).readBigInt64BE(at);
}

test('the process has the name of the service and the rest of the resource', async () => {
  const { process } = await received([plainSpan(1)]);
  expect(process).toEqual({ serviceName: 'log-capturer', tags: { 'host.name': 'test' } });
});

test('a span in full', async () => {
  const { spans } = await received([
    {
      traceId: Buffer.from('f0f1f2f3f4f5f6f70102030405060708', 'hex'),
      spanId: Buffer.from('8000000000000001', 'hex'),
      parentSpanId: Buffer.from('0000000000000002', 'hex'),
      traceState: 'ot=th:8',
      name: 'sink.loki.send',
      kind: 3,
      startTimeUnixNano: '1795370711042123456',
      endTimeUnixNano: '1795370711054468999',
      attributes: [
        { key: 'text', value: { stringValue: 'ü' } },
        { key: 'yes', value: { boolValue: true } },
        { key: 'size', value: { intValue: '-9223372036854775808' } },
        { key: 'share', value: { doubleValue: 0.25 } },
        { key: 'raw', value: { bytesValue: Buffer.from([0, 255]) } },
        { key: 'list', value: { arrayValue: { values: [{ intValue: '1' }, { stringValue: 'a' }] } } },
        { key: 'map', value: { kvlistValue: { values: [{ key: 'k', value: { boolValue: false } }] } } },
      ],
      events: [
        {
          timeUnixNano: '1795370711050000999',
          name: 'retry',
          attributes: [{ key: 'n', value: { intValue: '2' } }],
        },
        {
          timeUnixNano: '1795370711051000000',
          name: 'x',
          attributes: [{ key: 'event', value: { stringValue: 'own' } }],
        },
      ],
      links: [{ traceId: Buffer.alloc(16, 0xff), spanId: Buffer.alloc(8, 1) }],
      droppedLinksCount: 7,
      status: { code: 2, message: 'no answer' },
    },
  ]);
  expect(spans).toEqual([
    {
      traceIdHigh: int64(Buffer.from('f0f1f2f3f4f5f6f7', 'hex')),
      traceIdLow: 0x0102030405060708n,
      spanId: -(2n ** 63n) + 1n,
      parentSpanId: 2n,
      operationName: 'sink.loki.send',
      references: [{ refType: 1, traceIdLow: -1n, traceIdHigh: -1n, spanId: 0x0101010101010101n }],
      flags: 1,
      startTime: 1795370711042123n,
      duration: 12345n,
      tags: {
        text: 'ü',
        yes: true,
        size: -(2n ** 63n),
        share: 0.25,
        raw: Buffer.from([0, 255]),
        list: '[1,"a"]',
        map: '{"k":false}',
        'span.kind': 'client',
        'otel.status_code': 'ERROR',
        'otel.status_description': 'no answer',
        error: true,
        'w3c.tracestate': 'ot=th:8',
        'otel.scope.name': 'log-capturer',
        'otel.scope.version': '1.2.3',
        'otel.dropped_links_count': 7n,
      },
      logs: [
        { timestamp: 1795370711050000n, fields: { event: 'retry', n: 2n } },
        { timestamp: 1795370711051000n, fields: { event: 'own' } },
      ],
    },
  ]);
});

test('what spans leave to their scope are tags, for Jaeger knows no attributes of scopes', async () => {
  await connect().send([runOf([plainSpan(1)], scopeOf({ 'log.source': 'a' })), runOf([plainSpan(2)])], never);
  const { spans } = collector.batches.at(-1)!;
  expect(spans[0]!.tags).toHaveProperty(['log.source'], 'a');
  expect(spans[1]!.tags).not.toHaveProperty(['log.source']);
});

test('a root without errors, links and events has none of their fields', async () => {
  const { spans } = await received([plainSpan(1)]);
  expect(spans[0]).toEqual({
    traceIdHigh: 0n,
    traceIdLow: 1n,
    spanId: 1n,
    parentSpanId: 0n,
    operationName: 'log.process',
    flags: 1,
    startTime: 1795370711042000n,
    duration: 12345n,
    tags: { 'otel.scope.name': 'log-capturer', 'otel.scope.version': '1.2.3' },
  });
});

test('whatever a span holds arrives', async () => {
  const transport = connect();
  const value = ({ intValue, bytesValue, arrayValue, kvlistValue, ...rest }: AnyValueObject): unknown => {
    if (arrayValue !== undefined || kvlistValue !== undefined) return expect.any(String);
    if (bytesValue !== undefined) return Buffer.from(bytesValue);
    if (intValue !== undefined) return BigInt(intValue);
    return Object.values(rest)[0];
  };
  const tags = (attributes: KeyValueObject[] = []) =>
    Object.fromEntries(attributes.map((each) => [each.key, value(each.value)]));
  await fc.assert(
    fc.asyncProperty(fc.array(anySpan, { minLength: 1, maxLength: 4 }), async (spans) => {
      await transport.send([runOf(spans)], never);
      expect(collector.violations).toEqual([]);
      expect(collector.batches.at(-1)!.spans).toEqual(
        spans.map((span) =>
          expect.objectContaining({
            traceIdHigh: int64(span.traceId),
            traceIdLow: int64(span.traceId, 8),
            spanId: int64(span.spanId),
            parentSpanId: int64(span.parentSpanId),
            operationName: span.name,
            tags: expect.objectContaining(tags(span.attributes)),
            ...((span.events ?? []).length > 0 && {
              logs: span.events!.map((event) => ({
                timestamp: BigInt(event.timeUnixNano) / 1000n,
                fields: expect.objectContaining(tags(event.attributes)),
              })),
            }),
          }),
        ),
      );
    }),
    { numRuns: 100 },
  );
});

test('a batch of many runs and spans is one request', async () => {
  await connect().send([tracesRun(700, 2), tracesRun(5)], never);
  expect(collector.violations).toEqual([]);
  expect(collector.batches.map((batch) => batch.spans.length)).toEqual([1405]);
});

test('gzip changes nothing else', async () => {
  await connect('gzip').send([tracesRun(10)], never);
  expect(collector.batches[0]!.spans).toHaveLength(10);
});

test('a collector whose queue is full may have room later, one that refuses will not', async () => {
  const transport = connect();
  collector.statuses.push(500, 503, 400);
  await expect(transport.send([tracesRun(1)], never)).rejects.toThrow(RetryableError);
  await expect(transport.send([tracesRun(1)], never)).rejects.toThrow(/answered 503: .*queue full/);
  await expect(transport.send([tracesRun(1)], never)).rejects.toThrow(PermanentError);
  await transport.send([tracesRun(1)], never);
});

test('an aborted batch is not sent', async () => {
  const abort = AbortSignal.abort(new Error('stop'));
  await expect(connect().send([tracesRun(1)], abort)).rejects.toThrow('stop');
  expect(collector.batches).toEqual([]);
});
