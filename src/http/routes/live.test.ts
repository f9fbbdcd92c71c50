import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../component/fake-clock.ts';
import { sampleStatus } from '../../component/sample-status.ts';
import { sampleTracingStatus } from '../../component/sample-tracing-status.ts';
import type { AgentStatus } from '../../component/status.ts';
import { HttpServer } from '../http-server.ts';
import { testOptions } from '../server.fixture.ts';
import type { TailApi } from './tail.ts';

let http: HttpServer;
let base: string;
let clock: FakeClock;
let status: AgentStatus;
let asked = 0;
let tailed: { filter: Parameters<TailApi['open']>[0]; log: (log: object) => void; ended: boolean }[];

beforeEach(async () => {
  asked = 0;
  tailed = [];
  status = sampleStatus;
  clock = new FakeClock();
  const tail: TailApi = {
    open(filter, { log }) {
      const entry = { filter, log, ended: false };
      tailed.push(entry);
      return {
        take: () => ({ passed: 7 }),
        end: () => {
          entry.ended = true;
        },
      };
    },
  };
  const { options } = testOptions({
    clock,
    tail,
    status: () => {
      asked++;
      return status;
    },
  });
  http = new HttpServer(options);
  base = `http://127.0.0.1:${(await http.start()).port}`;
});
afterEach(() => http.stop());

/** Events of a stream, one at each call; comments and the rest are left out. */
async function listen(path: string) {
  const leaving = new AbortController();
  const response = await fetch(`${base}${path}`, { signal: leaving.signal });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<{ event: string; data: never }> => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end === -1) {
        text += (await reader.read()).value ?? '';
        continue;
      }
      const found = /^event: (.*)\ndata: (.*)$/.exec(text.slice(0, end));
      text = text.slice(end + 2);
      if (found !== null) return { event: found[1]!, data: JSON.parse(found[2]!) as never };
    }
  };
  return { response, next, leave: () => leaving.abort() };
}

describe('GET /api/events', () => {
  test('says at once how the agent and its tracing are, and again every second', async () => {
    const { next } = await listen('/api/events');
    const first = (await next()) as { event: string; data: { status: AgentStatus; tracing: object } };
    expect(first.event).toBe('status');
    expect(first.data.tracing).toEqual(sampleTracingStatus);
    expect(first.data.status).toMatchObject({ version: '0.1.0', sinks: sampleStatus.sinks });
    status = { ...sampleStatus, uptime_seconds: 99 };
    await clock.advance(1000);
    expect((await next()).data).toMatchObject({ status: { uptime_seconds: 99 } });
  });

  test('asks for the status once a tick, however many listen; slower listeners get it less often', async () => {
    const [a, b, slow] = await Promise.all([
      listen('/api/events'),
      listen('/api/events'),
      listen('/api/events?interval=3s'),
    ]);
    for (const each of [a, b, slow]) await each!.next();
    asked = 0;
    for (let second = 1; second <= 3; second++) {
      status = { ...sampleStatus, uptime_seconds: second };
      await clock.advance(1000);
    }
    expect(asked).toBe(3);
    expect((await a!.next()).data).toMatchObject({ status: { uptime_seconds: 1 } });
    expect((await slow!.next()).data).toMatchObject({ status: { uptime_seconds: 3 } });
  });

  test('of many streams shows those with the largest lag, and says how many there are', async () => {
    const stream = (n: number) => ({ id: `/${n}`, position: 0, committed: 0, size: n, lag_bytes: n });
    const streams = Array.from({ length: 150 }, (_, n) => stream(n));
    status = { ...sampleStatus, sources: [{ ...sampleStatus.sources[0]!, streams }] };
    const { next } = await listen('/api/events');
    const { data } = (await next()) as { data: { status: AgentStatus } };
    expect(data.status.sources[0]).toMatchObject({ stream_count: 150, lag_bytes: (149 * 150) / 2 });
    expect(data.status.sources[0]!.streams).toHaveLength(100);
    expect(data.status.sources[0]!.streams[0]!.lag_bytes).toBe(149);
  });

  test('refuses an interval that is none', async () => {
    expect((await fetch(`${base}/api/events?interval=10ms`)).status).toBe(400);
  });
});

describe('GET /api/tail', () => {
  test('passes on what it is given, gathered, and every second what was left out', async () => {
    const { next } = await listen('/api/tail?source=app&text=x&rate=7');
    expect(tailed[0]!.filter).toEqual({ source: 'app', text: 'x', rate: 7 });
    tailed[0]!.log({ text: 'one' });
    tailed[0]!.log({ text: 'two' });
    await clock.advance(1000);
    expect(await next()).toEqual({ event: 'log', data: { text: 'one' } });
    expect(await next()).toEqual({ event: 'log', data: { text: 'two' } });
    expect(await next()).toEqual({ event: 'counts', data: { passed: 7 } });
  });

  test('ends the watching when the client leaves', async () => {
    const { leave } = await listen('/api/tail');
    leave();
    while (!tailed[0]!.ended) await new Promise((resolve) => setImmediate(resolve));
    expect(tailed[0]!.ended).toBe(true);
  });

  test('refuses one client too many, and a rate that is none', async () => {
    for (let i = 0; i < 8; i++) await listen('/api/tail');
    expect((await fetch(`${base}/api/tail`)).status).toBe(429);
    expect((await fetch(`${base}/api/tail?rate=0`)).status).toBe(400);
    expect((await fetch(`${base}/api/tail?rate=1001`)).status).toBe(400);
  });
});
