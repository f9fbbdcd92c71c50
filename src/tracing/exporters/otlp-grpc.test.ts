import { describe, expect, onTestFinished, test } from 'vitest';
import { OtlpCollector } from '../../../test/stubs/otlp-collector.ts';
import { ENVELOPE, tracesRun } from '../../../test/stubs/spans.ts';
import { PermanentError, RetryableError } from '../../component/errors.ts';
import { OtlpGrpcTransport } from './otlp-grpc.ts';

const never = new AbortController().signal;

describe('answers over gRPC', () => {
  async function answered(answer: Parameters<OtlpCollector['answers']['push']>[0]) {
    const collector = await OtlpCollector.grpc();
    onTestFinished(() => collector.close());
    collector.answers.push(answer);
    const transport = new OtlpGrpcTransport({
      settings: {
        endpoint: collector.url,
        headers: {},
        timeoutMs: 10_000,
        compression: 'none',
        tls: { insecureSkipVerify: false },
      },
      envelope: ENVELOPE,
      userAgent: 'test',
    });
    onTestFinished(() => transport.close());
    return transport.send([tracesRun(1)], never).catch((reason: Error) => reason);
  }

  // OTLP specification, "OTLP/gRPC Response".
  test.each([1, 4, 10, 11, 14, 15])('code %i may succeed later', async (code) => {
    const error = await answered({ kind: 'code', code });
    expect(error).toBeInstanceOf(RetryableError);
    expect(error).toMatchObject({ retryAfterMs: 0, message: expect.stringMatching(/: über 100 %$/) });
  });

  test.each([2, 3, 5, 6, 7, 8, 9, 12, 13, 16, 99])('code %i never succeeds', async (code) => {
    expect(await answered({ kind: 'code', code })).toBeInstanceOf(PermanentError);
  });

  test.each([8, 14])('code %i with a delay is tried again after it', async (code) => {
    const error = await answered({ kind: 'code', code, retryDelayMs: 2500 });
    expect(error).toMatchObject({ name: 'RetryableError', retryAfterMs: 2500 });
  });

  test('an answer that is not gRPC says so', async () => {
    expect(await answered({ kind: 'status', status: 404 })).toMatchObject({
      name: 'PermanentError',
      message: expect.stringMatching(/answered 404 without a gRPC status/),
    });
    expect(await answered({ kind: 'status', status: 503 })).toBeInstanceOf(RetryableError);
  });
});
