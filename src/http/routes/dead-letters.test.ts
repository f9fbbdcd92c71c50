import { expect, test } from 'vitest';
import { sampleStatus } from '../../component/sample-status.ts';
import { testServer } from '../server.fixture.ts';
import type { DeadLettersApi } from './dead-letters.ts';

const STARTED = {
  state: 'running',
  request: {},
  started_at: '2026-11-20T10:00:01.000Z',
  sent: 0,
  refused: 0,
  left_aside: 0,
  bytes_done: 0,
  bytes_total: 100,
} as const;

function setUp({ running = false } = {}) {
  const asked: unknown[] = [];
  const deadLetters: DeadLettersApi = {
    status: () => sampleStatus.dead_letters,
    hasSink: (id) => id === 'loki',
    startReplay(request) {
      asked.push(request);
      return running ? undefined : { ...STARTED, request };
    },
    cancelReplay: () => running,
  };
  const { server, logged } = testServer({ deadLetters });
  const audited = () => logged.filter(({ fields }) => 'audit' in fields).map(({ fields }) => fields);
  return { server, asked, audited };
}

const replay = (payload?: object) => ({
  method: 'POST' as const,
  url: '/api/dead-letters/replay',
  ...(payload && { payload }),
});

test('says how many there are and how the last replay went', async () => {
  const response = await setUp().server.inject('/api/dead-letters');
  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual(sampleStatus.dead_letters);
});

test('begins a replay of what is asked for, and leaves an audit line', async () => {
  const { server, asked, audited } = setUp();
  const request = { sink: 'loki', reason: 'too_old' };
  const response = await server.inject(replay(request));
  expect(response.statusCode).toBe(202);
  expect(response.json()).toEqual({ ...STARTED, request });
  expect(asked).toEqual([request]);
  expect(audited()).toMatchObject([{ action: 'dead_letters.replay', target: 'loki', after: request }]);
});

test('without a body everything is sent again', async () => {
  const { server, asked } = setUp();
  expect((await server.inject(replay())).statusCode).toBe(202);
  expect(asked).toEqual([{}]);
});

test.each([
  [{ sink: 'gone' }, 'There is no sink gone; name another one with `to`.'],
  [{ sink: 'gone', to: 'none' }, 'There is no sink none.'],
])('a sink that is not there is refused: %o', async (request, detail) => {
  const { server, asked, audited } = setUp();
  const response = await server.inject(replay(request));
  expect(response.statusCode).toBe(400);
  expect(response.json()).toMatchObject({ detail });
  expect([...asked, ...audited()]).toEqual([]);
});

test('letters of a sink that is gone may go to another', async () => {
  const { server } = setUp();
  expect((await server.inject(replay({ sink: 'gone', to: 'loki' }))).statusCode).toBe(202);
});

test('unknown keys are refused', async () => {
  expect((await setUp().server.inject(replay({ sinks: 'loki' }))).statusCode).toBe(400);
});

test('a second replay at the same time is refused', async () => {
  const { server, audited } = setUp({ running: true });
  expect((await server.inject(replay({}))).statusCode).toBe(409);
  expect(audited()).toEqual([]);
});

test('a replay is cancelled, with an audit line; without one that is 409', async () => {
  const cancel = { method: 'DELETE' as const, url: '/api/dead-letters/replay' };
  const { server, audited } = setUp({ running: true });
  expect((await server.inject(cancel)).statusCode).toBe(202);
  expect(audited()).toMatchObject([{ action: 'dead_letters.replay.cancel' }]);
  expect((await setUp().server.inject(cancel)).statusCode).toBe(409);
});
