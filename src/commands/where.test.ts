import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { WhereResult } from '../http/schemas/where.ts';
import { where } from './where.ts';

let server: Server;
let url: string;
let asked: URL[];
let answers: Partial<WhereResult>[];
let status: number;
let out: string;
let err: string;

beforeEach(async () => {
  asked = [];
  answers = [];
  status = 200;
  out = '';
  err = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += text;
    return true;
  });
  server = createServer((request, response) => {
    asked.push(new URL(request.url!, url));
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  vi.restoreAllMocks();
  await new Promise((resolve) => server.close(resolve));
});

const line = (verdict: WhereResult['verdict'], more: Partial<WhereResult> = {}): WhereResult => ({
  verdict,
  basis: 'seen',
  explanation: `It is ${verdict}.`,
  sinks: [],
  stages: [],
  matches: 1,
  complete: true,
  others: [],
  ...more,
});

test('prints the answer as JSON, and says by its exit code what it is', async () => {
  answers = [line('filtered')];
  expect(await where({ url, file: '/a.log', line: '3', json: true })).toBe(4);
  expect(JSON.parse(out)).toEqual(answers[0]);
  expect(asked[0]!.search).toBe('?file=%2Fa.log&line=3');
});

test('takes control characters out of what others wrote', async () => {
  answers = [line('delivered', { explanation: 'a\u001b[31mb' })];
  expect(await where({ url, file: '/a.log', line: '3' })).toBe(0);
  expect(out).toBe('Delivered\na\\u001b[31mb\n');
});

test('a wrong question counts as wrong usage', async () => {
  status = 400;
  const detail = 'expected a whole number';
  answers = [
    { detail: `querystring.line: ${detail}`, errors: [{ field: 'querystring.line', detail }] } as never,
  ];
  expect(await where({ url, file: '/a.log', line: 'x' })).toBe(2);
  expect(err).toBe('log-capturer: --line: expected a whole number\n');
});

test('follows a line until it has come to its end, by its place once that is known', async () => {
  const place = { file: '/a.log.1', file_id: '1:2', offset: 7, source_id: '/a.log' };
  answers = [line('not_read_yet', place), line('in_flight', place), line('delivered', place)];
  expect(await where({ url, file: '/a.log', text: 'x', follow: true, json: true })).toBe(0);
  expect(asked.map(({ search }) => search)).toEqual([
    '?file=%2Fa.log&text=x',
    '?file=%2Fa.log.1&offset=7&file_id=1%3A2',
    '?file=%2Fa.log.1&offset=7&file_id=1%3A2',
  ]);
  expect(JSON.parse(out).verdict).toBe('delivered');
});

test('following ends when there is nothing to wait for', async () => {
  answers = [line('unknown', { basis: 'skipped' })];
  expect(await where({ url, file: '/a.log', line: '1', follow: true })).toBe(5);
  expect(asked).toHaveLength(1);
});
