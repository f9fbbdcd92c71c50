/** What both OTLP transports must do, against a strict collector. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { OtlpCollector } from '../../../test/stubs/otlp-collector.ts';
import { decode, ScopeSpansType } from '../../../test/stubs/otlp-trace.ts';
import {
  anySpan,
  deflated,
  ENVELOPE,
  keyValuesOf,
  plainSpan,
  RESOURCE,
  runOf,
  SCOPE,
  scopeOf,
  tracesRun,
} from '../../../test/stubs/spans.ts';
import { PartialError, RetryableError } from '../../component/errors.ts';
import { FakeClock } from '../../component/fake-clock.ts';
import type { HttpSettings } from '../settings/settings-exporters.ts';
import { OtlpGrpcTransport } from './otlp-grpc.ts';
import { OtlpHttpTransport } from './otlp-http.ts';

const never = new AbortController().signal;
const tlsFile = (name: string) => join(import.meta.dirname, '../../../test/fixtures/tls', name);
const serverTls = { key: readFileSync(tlsFile('server.key')), cert: readFileSync(tlsFile('server.pem')) };

const PROTOCOLS = {
  http: {
    collector: (options = {}) => OtlpCollector.http(options),
    path: '/v1/traces',
    Transport: OtlpHttpTransport,
  },
  grpc: {
    collector: (options = {}) => OtlpCollector.grpc(options),
    path: '',
    Transport: OtlpGrpcTransport,
  },
} as const;

describe.each(['http', 'grpc'] as const)('OTLP over %s', (name) => {
  const protocol = PROTOCOLS[name];
  let collector: OtlpCollector;

  beforeEach(async () => {
    collector = await protocol.collector();
  });
  afterEach(() => collector.close());

  function connect(settings: Partial<HttpSettings> = {}, to = collector) {
    const transport = new protocol.Transport({
      settings: {
        endpoint: to.url + protocol.path,
        headers: {},
        timeoutMs: 10_000,
        compression: 'none',
        tls: { insecureSkipVerify: false },
        ...settings,
      },
      envelope: ENVELOPE,
      connections: 2,
      userAgent: 'log-capturer/1.2.3',
      clock: new FakeClock({ epoch: Date.UTC(2026, 10, 22, 18, 0, 0) }),
    });
    onTestFinished(() => transport.close());
    return transport;
  }

  test('the collector gets exactly the spans, in the order of the runs, under resource and scope', async () => {
    const transport = connect();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(anySpan, { minLength: 1, maxLength: 3 }), { minLength: 1 }),
        async (batch) => {
          const runs = batch.map((spans) =>
            runOf(spans.map((span) => ({ ...span, ...plainSpan(1), parentSpanId: plainSpan(1, 2).spanId }))),
          );
          await transport.send(runs, never);
          const spans = runs.flatMap((run) => decode(ScopeSpansType, run.bytes).spans);
          expect(collector.received.at(-1)!.message).toEqual({
            resourceSpans: [{ resource: RESOURCE, scopeSpans: [{ scope: SCOPE, spans }] }],
          });
        },
      ),
      { numRuns: 30 },
    );
    expect(collector.violations).toEqual([]);
  });

  test('stretches of spans with the same scope go under one, with its attributes', async () => {
    const [a, alsoA, b] = [scopeOf({ of: 'a' }), scopeOf({ of: 'a' }), scopeOf({ of: 'b' })];
    const scopes = [null, a, a, alsoA, b, null, null];
    const runs = scopes.map((scope, i) => runOf([{ ...plainSpan(i + 1), name: String(i) }], scope));
    await connect().send(runs, never);
    const { resourceSpans } = collector.received[0]!.message as {
      resourceSpans: { scopeSpans: { scope: object; spans: { name: string }[] }[] }[];
    };
    const groups = resourceSpans[0]!.scopeSpans.map(({ scope, spans }) => [
      scope,
      spans.map(({ name }) => name),
    ]);
    expect(groups).toEqual([
      [SCOPE, ['0']],
      [{ ...SCOPE, attributes: keyValuesOf({ of: 'a' }) }, ['1', '2', '3']],
      [{ ...SCOPE, attributes: keyValuesOf({ of: 'b' }) }, ['4']],
      [SCOPE, ['5', '6']],
    ]);
  });

  test('a large batch arrives whole, whether its runs lie side by side or not', async () => {
    const side = tracesRun(3000, 2);
    const memory = Buffer.from(new ArrayBuffer(side.bytes.length * 2 + 7));
    side.bytes.copy(memory, 0);
    side.bytes.copy(memory, side.bytes.length);
    const whole = { deflated: null, spans: 6000, scope: null };
    const first = { ...whole, bytes: memory.subarray(0, side.bytes.length) };
    const second = { ...whole, bytes: memory.subarray(side.bytes.length, side.bytes.length * 2) };
    const transport = connect();
    await transport.send([first, second, first], never);
    expect(collector.spans).toHaveLength(18_000);
    expect(collector.violations).toEqual([]);
  });

  test('gzip makes it smaller and nothing else', async () => {
    await connect({ compression: 'gzip' }).send([tracesRun(2000)], never);
    expect(collector.spans).toHaveLength(2000);
    expect(collector.violations).toEqual([]);
  });

  test('configured headers go with every request', async () => {
    await connect({ headers: { 'X-Api-Key': 'secret' } }).send([tracesRun(1)], never);
    expect(collector.received[0]!.headers).toMatchObject({
      'x-api-key': 'secret',
      'user-agent': 'log-capturer/1.2.3',
    });
  });

  test('connections serve many requests', async () => {
    const transport = connect();
    for (let i = 0; i < 5; i++) await transport.send([tracesRun(1)], never);
    expect(collector.received).toHaveLength(5);
    expect(collector.connections).toBeLessThanOrEqual(2);
  });

  test('spans that the collector rejects are counted', async () => {
    collector.answers.push({ kind: 'accept', rejectedSpans: 2, message: 'too old' });
    const error = await connect()
      .send([tracesRun(3)], never)
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PartialError);
    expect(error).toMatchObject({ count: 2, message: expect.stringMatching(/rejected 2 spans: too old$/) });
  });

  test('spans that are compressed already arrive as all others, and what is rejected of them is counted', async () => {
    const transport = connect({ compression: 'auto' });
    await transport.send(
      [tracesRun(3), deflated(tracesRun(2000)), tracesRun(2), deflated(tracesRun(5))],
      never,
    );
    await transport.send([tracesRun(3)], never);
    collector.answers.push({ kind: 'accept', rejectedSpans: 2, message: 'too old' });
    await expect(transport.send([deflated(tracesRun(3))], never)).rejects.toMatchObject({ count: 2 });
    expect(collector.spans).toHaveLength(2016);
    expect(collector.violations).toEqual([]);
  });

  test('a warning without rejected spans is a success', async () => {
    collector.answers.push({ kind: 'accept', rejectedSpans: 0, message: 'old protocol' });
    await connect().send([tracesRun(3)], never);
  });

  test('a connection that is cut may be tried again, and the next request finds a new one', async () => {
    const transport = connect();
    collector.answers.push({ kind: 'cut' });
    await expect(transport.send([tracesRun(1)], never)).rejects.toThrow(RetryableError);
    await transport.send([tracesRun(1)], never);
    expect(collector.received).toHaveLength(2);
  });

  test('an idle connection that the collector closed does no harm', async () => {
    const transport = connect();
    await transport.send([tracesRun(1)], never);
    collector.cutConnections();
    await transport.send([tracesRun(1)], never).catch(() => transport.send([tracesRun(1)], never));
    expect(collector.received).toHaveLength(2);
  });

  test('a collector that is not there may come later', async () => {
    const gone = await protocol.collector();
    await gone.close();
    await expect(connect({}, gone).send([tracesRun(1)], never)).rejects.toMatchObject({
      name: 'RetryableError',
      reason: 'refused',
      message: expect.stringContaining(`cannot reach ${gone.url}`),
    });
  });

  test('a collector that never answers is left when the signal says so', async () => {
    const transport = connect();
    collector.answers.push({ kind: 'hang' });
    const abort = new AbortController();
    const sent = transport.send([tracesRun(1)], abort.signal);
    await collector.requests(1);
    abort.abort(new RetryableError('too slow', { reason: 'timeout' }));
    await expect(sent).rejects.toThrow('too slow');
    await transport.send([tracesRun(1)], never);
  });

  test('a slow collector is waited for', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    collector.answers.push({ kind: 'slow', until: promise });
    const sent = connect().send([tracesRun(1)], never);
    await collector.requests(1);
    resolve();
    await sent;
  });

  test('TLS: only a server with a certificate of the configured authority is trusted', async () => {
    const secure = await protocol.collector({ tls: serverTls });
    onTestFinished(() => secure.close());
    const trusting = connect({ tls: { caFile: tlsFile('ca.pem'), insecureSkipVerify: false } }, secure);
    await trusting.send([tracesRun(1)], never);
    await connect({ tls: { insecureSkipVerify: true } }, secure).send([tracesRun(1)], never);
    expect(secure.received).toHaveLength(2);
    await expect(connect({}, secure).send([tracesRun(1)], never)).rejects.toThrow(
      /cannot reach .*certificate/,
    );
    expect(secure.received).toHaveLength(2);
  });

  test('TLS: the agent shows its certificate', async () => {
    const caFile = tlsFile('ca.pem');
    const ca = readFileSync(caFile);
    const secure = await protocol.collector({
      tls: { ...serverTls, ca, requestCert: true, rejectUnauthorized: true },
    });
    onTestFinished(() => secure.close());
    const certificate = { certFile: tlsFile('client.pem'), keyFile: tlsFile('client.key') };
    await connect({ tls: { caFile, ...certificate, insecureSkipVerify: false } }, secure).send(
      [tracesRun(1)],
      never,
    );
    const anonymous = connect({ tls: { caFile, insecureSkipVerify: false } }, secure);
    await expect(anonymous.send([tracesRun(1)], never)).rejects.toThrow(RetryableError);
    expect(secure.received).toHaveLength(1);
  });

  test('TLS: a file that cannot be read is named before anything is sent', () => {
    expect(() => connect({ tls: { caFile: '/nowhere/ca.pem', insecureSkipVerify: false } })).toThrow(
      /tls\.ca_file: ENOENT.*\/nowhere\/ca\.pem/,
    );
  });
});
