import { expect, test } from 'vitest';
import { sampleStatus } from '../component/sample-status.ts';
import { Exposition } from '../metrics/exposition.ts';
import { RequestCounts } from './request-counts.ts';
import { testServer } from './server.fixture.ts';

test('answers are counted by the class of their status', async () => {
  const { server, counts } = testServer();
  for (const url of ['/health', '/api/status', '/api/nothing']) await server.inject(url);
  expect(counts.answers).toEqual({ '1xx': 0, '2xx': 2, '3xx': 0, '4xx': 1, '5xx': 0, aborted: 0 });
});

test('they are metrics', async () => {
  const counts = new RequestCounts();
  counts.answered(204);
  counts.answered(undefined);
  counts.failedLogins = 3;
  const { body } = await new Exposition({ status: () => sampleStatus, collectors: [counts] }).render();
  expect(body).toContain('log_capturer_http_requests_total{code="2xx"} 1\n');
  expect(body).toContain('log_capturer_http_requests_total{code="aborted"} 1\n');
  expect(body).toContain('log_capturer_http_failed_logins_total 3\n');
});
