import { expect, test } from 'vitest';
import { lokiSchema, pushUrl } from './schema.ts';

const URL_ = { url: 'http://loki:3100' };

/** Issues with keys are nested one deeper than those with values. */
function messages(config: object): string[] {
  const issues = lokiSchema.safeParse(config).error?.issues ?? [];
  return issues.flatMap((issue) => {
    const nested = issue.code === 'invalid_key' ? issue.issues : [];
    return [issue, ...nested].map(({ message }) => `${issue.path.join('.')}: ${message}`);
  });
}

test('only the URL is needed', () => {
  expect(lokiSchema.parse(URL_)).toMatchObject({
    format: 'protobuf',
    labels: { source: '{source}', filename: '{path}' },
    structured_metadata: ['level'],
    timestamp: 'record',
    timeout: 30_000,
    max_streams: 5000,
  });
});

test.each([
  ['http://loki:3100', 'http://loki:3100/loki/api/v1/push'],
  ['http://loki:3100/', 'http://loki:3100/loki/api/v1/push'],
  ['https://host/prefix/', 'https://host/prefix/loki/api/v1/push'],
  ['https://host/loki/api/v1/push', 'https://host/loki/api/v1/push'],
  ['https://host/loki/api/v1/push?x=1', 'https://host/loki/api/v1/push?x=1'],
])('%s is posted to as %s', (url, expected) => {
  expect(pushUrl(url).href).toBe(expected);
});

test.each([
  [{ url: 'loki:3100' }, 'url: expected an http or https URL'],
  [{ url: 'ftp://loki' }, 'url: expected an http or https URL'],
  [{ url: 'http://me:pw@loki' }, 'url: expected no user in the URL; use auth'],
  [{ ...URL_, labels: { 'a-b': 'x' } }, 'labels.a-b'],
  [{ ...URL_, labels: { __x: 'x' } }, 'labels.__x'],
  [{ ...URL_, labels: { a: '{pod}' } }, 'labels.a: unknown placeholder {pod}'],
  [
    { ...URL_, labels: Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`l${i}`, 'x'])) },
    'expected at most 15 labels',
  ],
  [{ ...URL_, auth: {} }, 'auth: expected username with one of'],
  [{ ...URL_, auth: { username: 'a', bearer_token: 'b' } }, 'auth: expected username with one of'],
  [
    { ...URL_, auth: { username: 'a', password: 'b', password_file: 'c' } },
    'auth: expected username with one of',
  ],
  [{ ...URL_, headers: { 'Content-Type': 'x' } }, 'this header is set by the sink'],
  [{ ...URL_, headers: { 'a b': 'x' } }, 'expected the name of an HTTP header'],
  [{ ...URL_, headers: { a: 'x\ny' } }, 'expected a text without control characters'],
  [{ ...URL_, compression: 'gzip' }, 'compression: expected snappy with format: protobuf'],
  [
    { ...URL_, format: 'json', compression: 'snappy' },
    'compression: expected gzip or none with format: json',
  ],
  [{ ...URL_, tls: { cert_file: 'x' } }, 'tls: expected cert_file and key_file together'],
  [{ ...URL_, colour: 'red' }, 'colour'],
])('%j is an error', (config, expected) => {
  expect(messages(config).join('\n')).toContain(expected);
});
