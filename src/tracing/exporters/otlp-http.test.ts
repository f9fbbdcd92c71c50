import { describe, expect, onTestFinished, test } from 'vitest';
import { OtlpCollector } from '../../../test/stubs/otlp-collector.ts';
import { ENVELOPE, tracesRun } from '../../../test/stubs/spans.ts';
import { PermanentError, RetryableError } from '../../component/errors.ts';
import { FakeClock } from '../../component/fake-clock.ts';
import { OtlpHttpTransport } from './otlp-http.ts';
import { TOO_LARGE } from './transport.ts';

const never = new AbortController().signal;

describe('answers over HTTP', () => {
  async function answered(
    answer: Parameters<OtlpCollector['answers']['push']>[0],
    endpoint = (url: string) => url,
  ) {
    const path = '/otlp/v1/traces?tenant=a';
    const collector = await OtlpCollector.http({ path });
    onTestFinished(() => collector.close());
    collector.answers.push(answer);
    const transport = new OtlpHttpTransport({
      settings: {
        endpoint: endpoint(collector.url + path),
        headers: {},
        timeoutMs: 10_000,
        compression: 'none',
        tls: { insecureSkipVerify: false },
      },
      envelope: ENVELOPE,
      connections: 1,
      userAgent: 'test',
      clock: new FakeClock({ epoch: Date.UTC(2026, 10, 22, 18, 0, 0) }),
    });
    onTestFinished(() => transport.close());
    const error = await transport.send([tracesRun(1)], never).catch((reason: Error) => reason);
    return { error, collector, transport };
  }

  test.each([429, 502, 503, 504])('%i may succeed later', async (status) => {
    const { error } = await answered({ kind: 'status', status });
    expect(error).toBeInstanceOf(RetryableError);
    expect(error).toMatchObject({ message: expect.stringMatching(`answered ${status}: status ${status}$`) });
  });

  test.each([301, 400, 401, 404, 413, 500, 501])('%i does not succeed later', async (status) => {
    const { error } = await answered({ kind: 'status', status, text: 'no\nway' });
    expect(error).toBeInstanceOf(PermanentError);
    expect(error).toMatchObject({ reason: String(status), message: expect.stringMatching(/: no way$/) });
  });

  test.each([
    [413, 'Request Entity Too Large'],
    // OpenTelemetry's collector, of a body above confighttp's max_request_body_size.
    [400, 'http: request body too large'],
  ])('%i may succeed with less', async (status, text) => {
    const { error, transport } = await answered({ kind: 'status', status, text });
    expect(error).toMatchObject({ reason: TOO_LARGE });
    expect(transport.maxBatchBytes).toBe(4 * 2 ** 20);
  });

  test.each([
    ['7', 7000],
    ['Sun, 22 Nov 2026 18:00:30 GMT', 30_000],
    ['Sun, 22 Nov 2026 17:00:00 GMT', 0],
    ['soon', 0],
  ])('Retry-After: %s', async (retryAfter, retryAfterMs) => {
    const { error } = await answered({ kind: 'status', status: 503, retryAfter });
    expect(error).toMatchObject({ retryAfterMs });
  });

  test('path and query of the endpoint are used as they are, and shown without the query', async () => {
    const { error, collector, transport } = await answered({ kind: 'accept' });
    expect(error).toBeUndefined();
    expect(collector.received[0]!.path).toBe('/otlp/v1/traces?tenant=a');
    expect(transport.endpoint).toBe(`${collector.url}/otlp/v1/traces`);
  });

  test('user and password in the endpoint become basic authentication and are shown nowhere', async () => {
    const withUser = (url: string) => url.replace('http://', 'http://me:p%40ss@');
    const { error, collector, transport } = await answered({ kind: 'status', status: 401 }, withUser);
    expect(collector.received[0]!.headers.authorization).toBe(`Basic ${btoa('me:p@ss')}`);
    expect(transport.endpoint + String(error)).not.toMatch(/p@ss|p%40ss/);
  });
});
