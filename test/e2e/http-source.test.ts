/** Logs over HTTP to the real agent. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AgentUnderTest, until } from '../fixtures/agent.ts';
import { type LogAnswer, LogClient, numbers } from '../fixtures/log-client.ts';
import { LokiStub } from '../stubs/loki.ts';

let agent: AgentUnderTest;
let client: LogClient;

beforeEach(async () => {
  agent = await AgentUnderTest.create();
  client = new LogClient(agent);
});
afterEach(() => agent[Symbol.asyncDispose]());

const web = { id: 'web', type: 'http', listen: '127.0.0.1:0', busy_timeout: '200ms' };
const archive = { id: 'out', type: 'file', path: 'out/{source}.log' };
const dispatcher = {
  memory: '8MiB',
  batch_bytes: '256KiB',
  batch_size: 5000,
  batch_timeout: '20ms',
  retry: { initial: '50ms', max: '200ms' },
  shutdown_timeout: '1s',
};

const post: LogClient['post'] = (body, headers) => client.post(body, headers);
const delivered = async () =>
  (await readFile(join(agent.dir, 'out/web.log'), 'utf8')).split('\n').slice(0, -1);

describe('bodies', () => {
  test('of every kind are delivered before the answer comes', async () => {
    await agent.configure({ sources: [{ ...web, validate: true }], sinks: [archive], dispatcher });
    await agent.start();
    expect(await post('one\ntwo')).toMatchObject({
      status: 200,
      body: { accepted: 2, rejected: 0, errors: [] },
    });
    expect(await delivered()).toEqual(['one', 'two']);
    const ndjson = { 'content-type': 'application/x-ndjson' };
    expect((await post('{"n":1}\n{oops\n{"n":2}\n', ndjson)).body).toEqual({
      accepted: 2,
      rejected: 1,
      errors: [{ line: 2, error: 'not valid JSON' }],
    });
    await post('["three", {"n": 3}]', { 'content-type': 'application/json' });
    await post(gzipSync('four\n'), { 'content-encoding': 'gzip' });
    expect(await delivered()).toEqual(['one', 'two', '{"n":1}', '{"n":2}', 'three', '{"n": 3}', 'four']);
    const { sources } = await agent.status();
    expect(sources[0]!.ledger).toMatchObject({ read: 7, delivered: 7, in_flight: 0, balanced: true });
  });

  test('with a sampled traceparent join that trace', async () => {
    await agent.configure({ sources: [web], sinks: [archive], dispatcher, tracing: { mode: 'hybrid' } });
    await agent.start();
    const id = '0af7651916cd43dd8448eb211c80319c';
    await post('one\ntwo', { traceparent: `00-${id}-b7ad6b7169203331-01` });
    await until(async () => (await agent.get(`/api/traces/${id}`)).ok);
    const trace = (await (await agent.get(`/api/traces/${id}`)).json()) as { traces?: unknown };
    expect(JSON.stringify(trace)).toContain('"web"');
  });

  test('a stop answers what was delivered, and loses nothing that was answered', async () => {
    await agent.configure({ sources: [web], sinks: [archive], dispatcher });
    await agent.start();
    const answers: number[] = [];
    let next = 0;
    const clients = Array.from({ length: 8 }, async () => {
      for (;;) {
        const number = next++;
        const status = await post(`${number} line`).then(
          (answer) => answer.status,
          () => 0,
        );
        if (status === 200) answers.push(number);
        else return;
      }
    });
    await until(() => answers.length > 100);
    expect(await agent.stop()).toBe(0);
    await Promise.all(clients);
    const found = new Set(numbers(await delivered()));
    expect(answers.filter((number) => !found.has(number))).toEqual([]);
  });
});

describe('a sink that is down, without a disk buffer', () => {
  test('without a buffer memory fills up and clients are told to wait; what was answered arrives', async () => {
    const loki = await LokiStub.start();
    const { url } = loki;
    loki.next.push(...Array.from({ length: 1000 }, () => ({ status: 503 })));
    await agent.configure({
      sources: [{ ...web, acknowledge: 'accepted' }],
      sinks: [{ id: 'loki', type: 'loki', url }],
      dispatcher,
    });
    await agent.start();
    const body = `${'x'.repeat(99)}\n`.repeat(2000);
    let accepted = 0;
    let busy: LogAnswer | undefined;
    while (busy === undefined) {
      const answer = await post(body);
      if (answer.status === 202) accepted += 2000;
      else busy = answer;
    }
    expect(busy).toMatchObject({ status: 429, body: { status: 429, title: 'Too Many Requests' } });
    expect(busy.headers.get('retry-after')).toBe('1');
    loki.next.length = 0;
    await agent.statusWhen(({ sources }) => sources[0]!.ledger.delivered === accepted);
    expect((await post('later')).status).toBe(202);
    await agent.stop('SIGKILL');
    await loki.stop();
  });
});
