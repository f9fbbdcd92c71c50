import { expect, test } from 'vitest';
import { judge, retryAfterMs } from './answer.ts';

const answer = (status: number, text = '') => judge({ status, text, retryAfter: undefined }, 0);

// The words of real servers, see answer.ts.
test.each([
  [
    "entry with timestamp 2026-10-07 01:35:32.405 +0000 UTC ignored, reason: 'entry too far behind, entry timestamp is: 2026-10-07T01:35:32Z, oldest acceptable timestamp is: 2026-10-07T03:23:59Z',\nuser 'fake', total ignored: 362 out of 453 for stream: {a=\"b\"}",
    'too_old',
    362,
  ],
  [
    'entry for stream \'{a="b"}\' has timestamp too old: 2026-04-08T04:34:44Z, oldest acceptable timestamp is: 2026-05-14T03:07:18Z',
    'too_old',
    1,
  ],
  [
    "2 errors like: entry for stream '{}' has timestamp too new: 2030-01-01T00:00:00Z; 3 errors like: entry for stream '{}' has timestamp too new: 2031-01-01T00:00:00Z",
    'too_new',
    5,
  ],
  [
    "entry with timestamp X ignored, reason: 'entry out of order' for stream: {},\ntotal ignored: 7 out of 9",
    'out_of_order',
    7,
  ],
  [
    "Max entry size '262144' bytes exceeded for stream '{}' while adding an entry with length '300000' bytes",
    'line_too_long',
    1,
  ],
  ["stream '{}' has structured metadata too large: '70000' bytes, limit: '65536' bytes.", 'bad_metadata', 1],
  [
    "stream '{}' has too many structured metadata labels: '200' labels, limit: '128' labels.",
    'bad_metadata',
    1,
  ],
  ["Error parsing labels '{' with error: 1:2: parse error", 'bad_labels', 1],
  ['error at least one label pair is required per stream', 'bad_labels', 1],
  ["entry for stream '{}' has 16 label names; limit 15", 'bad_labels', 1],
  ["stream '{}' has label name too long: 'x'", 'bad_labels', 1],
  ["stream '{}' has label value too long: 'x'", 'bad_labels', 1],
  ["stream '{}' has duplicate label name: 'x'", 'bad_labels', 1],
  [
    "entry with timestamp X ignored, reason: 'something new',\nuser 'fake', total ignored: 3 out of 9 for stream: {}",
    'rejected',
    3,
  ],
])('400 %j', (text, reason, count) => {
  expect(answer(400, text)).toMatchObject({ kind: 'refused', reason, count });
});

test.each([
  [400, 'Client sent an HTTP request to an HTTPS server.'],
  [400, '<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>'],
  [400, '<html><body>Bad label in the Host header</body></html>'],
  [400, ''],
  [400, 'unexpected EOF'],
  [400, "stream '{}' is missing required labels team for user fake"],
  [410, 'gone'],
  [415, 'unsupported media type'],
  [422, 'something new'],
])('%i %j is not about records: an operator mends it, no record is given up', (status, text) => {
  expect(answer(status, text)).toMatchObject({
    kind: 'retry',
    error: { reason: 'bad_request', retryAfterMs: 15_000 },
  });
});

test('while Loki blocks ingestion, records wait', () => {
  const text = "ingestion blocked for user fake until '2026-11-23T00:00:00Z' with status code '260'";
  expect(answer(260, text)).toMatchObject({
    kind: 'retry',
    error: { reason: 'blocked', retryAfterMs: 15_000 },
  });
});

test.each([200, 204])('%i accepts', (status) => {
  expect(answer(status)).toEqual({ kind: 'accepted' });
});

test('an answer without text says so', () => {
  expect(answer(500)).toMatchObject({ error: { message: 'Loki answered 500: (no text)' } });
});

test('a refusal says what to do', () => {
  expect(answer(400, "entry for stream '{}' has timestamp too new: X")).toMatchObject({
    message: expect.stringContaining('; compare the clocks'),
  });
});

test('Retry-After is seconds or a date, and never in the past', () => {
  const now = Date.UTC(2026, 10, 22, 18, 5, 0);
  expect(
    ['3', ' 120 ', 'Sun, 22 Nov 2026 18:05:10 GMT', 'Sun, 22 Nov 2026 18:04:00 GMT', 'soon'].map((text) =>
      retryAfterMs(text, now),
    ),
  ).toEqual([3000, 120_000, 10_000, 0, 0]);
  expect(retryAfterMs(undefined, now)).toBe(0);
});

test('Retry-After is believed up to an hour', () => {
  const texts = ['3600', '3000000', '9'.repeat(400), 'Fri, 22 Nov 2126 18:05:10 GMT'];
  expect(texts.map((text) => retryAfterMs(text, 0))).toEqual([3_600_000, 3_600_000, 3_600_000, 3_600_000]);
});
