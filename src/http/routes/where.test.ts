import { beforeEach, describe, expect, test } from 'vitest';
import { sampleStatus } from '../../component/sample-status.ts';
import type { WhereResult } from '../schemas/where.ts';
import { buildServer } from '../server.ts';
import { FakeTracing } from './tracing-api.fixture.ts';
import type { WhereApi } from './where.ts';

/** With every optional field, so that a schema which forgets one is found out. */
const line: Required<WhereResult['others'][number]> = {
  verdict: 'dead_lettered',
  basis: 'seen',
  explanation: 'audit rejected it.',
  source: 'app',
  source_id: '/var/log/a.log',
  file: '/var/log/a.log.1',
  file_id: '65024:12',
  line: 7,
  offset: 512,
  record_uid: 'e5047be6-mwsdbsjj-000000000200',
  trace_id: 'a'.repeat(32),
  batch: 3,
  sinks: [
    {
      id: 'audit',
      state: 'dead_lettered',
      at: '2026-11-22T14:02:00.000Z',
      took_ms: 1.5,
      attempts: 2,
      reason: '400',
      message: 'no',
      next_try_in_seconds: 3,
    },
  ],
  stages: [{ name: 'read', at: '2026-11-22T14:02:00.000Z', until: '2026-11-22T14:02:01.000Z', took_ms: 1 }],
  ahead: { bytes: 10, seconds: 0.5 },
  filtered_by: 'filter',
  dead_letters: [{ sink: 'audit', file: '/d/audit-000001.jsonl', line: 3, reason: '400', message: 'no' }],
};
const answer: WhereResult = { ...line, matches: 2, complete: true, others: [line] };

let asked: unknown;
let refusal: Error | null;

beforeEach(() => {
  asked = undefined;
  refusal = null;
});

const where: WhereApi = {
  async where(query) {
    asked = query;
    if (refusal !== null) throw refusal;
    return answer;
  },
};

async function ask(query: string) {
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const metrics = { contentType: 'text/plain', metrics: async () => '' };
  const server = buildServer({
    log,
    status: () => sampleStatus,
    metrics: metrics as never,
    tracing: new FakeTracing(),
    where,
  });
  const reply = await server.inject({ method: 'GET', url: `/api/where?${query}` });
  return { status: reply.statusCode, headers: reply.headers, body: reply.json() };
}

test('every field of the answer is given', async () => {
  expect(await ask('file=/var/log/a.log&line=7')).toMatchObject({ status: 200, body: answer });
});

test.each([
  ['file=/a/../b.log&line=3', { file: '/b.log', line: 3 }],
  ['file=/b.log&offset=0&file_id=1:2', { file: '/b.log', offset: 0, fileId: '1:2' }],
  ['file=/b.log&text=a%20b&limit=100', { file: '/b.log', text: 'a b', limit: 100 }],
  ['text=x', { text: 'x' }],
  [`id=${'AB'.repeat(16)}`, { id: 'ab'.repeat(16) }],
  ['id=e5047be6-mwsdbsjj-000000000200', { id: 'e5047be6-mwsdbsjj-000000000200' }],
])('%s is understood', async (query, expected) => {
  expect((await ask(query)).status).toBe(200);
  expect(asked).toEqual(expected);
});

describe('refused with the field that is wrong', () => {
  test.each([
    ['', 'querystring.file'],
    ['file=/a.log', 'querystring.file'],
    ['line=3', 'querystring.file'],
    ['file=/a.log&line=1&offset=2', 'querystring.file'],
    ['file=a.log&line=1', 'querystring.file'],
    ['file=/a%00.log&line=1', 'querystring.file'],
    ['file=/a.log&line=0', 'querystring.line'],
    ['file=/a.log&line=1e3', 'querystring.line'],
    ['file=/a.log&line=', 'querystring.line'],
    ['file=/a.log&offset=-1', 'querystring.offset'],
    ['file=/a.log&text=', 'querystring.text'],
    ['file=/a.log&text=a%0Ab', 'querystring.text'],
    ['file=/a.log&text=a&limit=101', 'querystring.limit'],
    ['file=/a.log&offset=1&file_id=x', 'querystring.file_id'],
    ['id=abc', 'querystring.id'],
    [`id=${'a'.repeat(32)}&text=b`, 'querystring.id'],
    ['text=a&color=red', 'querystring.color'],
  ])('%j', async (query, field) => {
    const { status, body } = await ask(query);
    expect(status).toBe(400);
    expect(body.errors.map((error: { field: string }) => error.field)).toEqual([field]);
    expect(asked).toBeUndefined();
  });
});

test('too many searches: 503, and when to ask again', async () => {
  refusal = new Error('too many searches wait already');
  refusal.name = 'SearchRefused';
  const { status, headers, body } = await ask('text=a');
  expect([status, headers['retry-after'], body.detail]).toEqual([
    503,
    '2',
    'Too many searches wait already.',
  ]);
});
