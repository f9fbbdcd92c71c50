/** Live data of the running agent: events, live tail, history, and its traces through Jaeger's query API. */
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AgentStatus } from '../../src/component/status.ts';
import type { JaegerTrace } from '../../src/tracing/jaeger-query/trace-json.ts';
import { AgentUnderTest, until } from '../fixtures/agent.ts';

let agent: AgentUnderTest;

beforeEach(async () => {
  agent = await AgentUnderTest.create();
  await mkdir(join(agent.dir, 'in'));
  await agent.configure({
    sources: [
      {
        id: 'app',
        type: 'file',
        include: ['in/*.log'],
        poll_interval: '20ms',
        processors: [{ type: 'filter', drop: 'text contains "secret"' }],
      },
    ],
    sinks: [{ id: 'out', type: 'blackhole' }],
    tracing: { mode: 'full-e2e', resource: { service_name: 'checkout-agent' } },
  });
  await writeFile(input(), '');
  await agent.start();
});
afterEach(() => agent[Symbol.asyncDispose]());

const input = () => join(agent.dir, 'in/a.log');
const json = async <T>(path: string) => (await (await agent.get(path)).json()) as T;

/** Collects events until it is told to end. */
async function listen(path: string) {
  const leaving = new AbortController();
  const response = await fetch(`http://127.0.0.1:${agent.port}${path}`, { signal: leaving.signal });
  const events: { event: string; data: never }[] = [];
  let text = '';
  const reading = (async () => {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
        const found = /^event: (.*)\ndata: (.*)$/.exec(text.slice(0, end));
        if (found !== null) events.push({ event: found[1]!, data: JSON.parse(found[2]!) as never });
        text = text.slice(end + 2);
      }
    }
  })().catch(() => {});
  const end = async () => {
    leaving.abort();
    await reading;
  };
  return { events, end };
}

test('events say every second what the agent does', async () => {
  const { events, end } = await listen('/api/events');
  await appendFile(input(), 'one\ntwo\n');
  const delivered = ({ data }: { data: { status: AgentStatus } }) => data.status.sources[0]!.ledger.delivered;
  await until(() => events.some((event) => delivered(event as never) === 2));
  expect(delivered(events[0] as never)).toBe(0);
  expect(events[0]!.data).toMatchObject({ tracing: { mode: 'full-e2e' } });
  await end();
});

test('the live tail shows what passes, without what processors remove', async () => {
  const { events, end } = await listen('/api/tail?source=app&rate=100');
  await appendFile(input(), 'one\nsecret two\nthree\n');
  await until(() =>
    events.some(({ event, data }) => event === 'counts' && (data as { passed: number }).passed > 0),
  );
  const logs = events
    .filter(({ event }) => event === 'log')
    .map(({ data }) => data as Record<string, unknown>);
  expect(logs.map(({ text }) => text)).toEqual(['one', 'three']);
  expect(logs[1]).toMatchObject({ source: 'app', source_id: input(), offset: 15 });
  // What is shown leads to its trace, and to where it is.
  await agent.statusWhen(({ dispatcher }) => dispatcher.records_done === 3);
  expect(await json(`/api/where?id=${String(logs[1]!.trace_id)}`)).toMatchObject({
    verdict: 'delivered',
    line: 3,
  });
  await end();
});

test('the history has what was when nobody watched', async () => {
  await appendFile(input(), 'one\ntwo\n');
  await agent.statusWhen(({ dispatcher }) => dispatcher.records_done === 2);
  type Columns = Record<string, (number | null)[]>;
  let history!: {
    step_seconds: number;
    times: number[];
    sources: Record<string, Columns>;
    sinks: Record<string, Columns>;
  };
  await until(async () => {
    history = await json('/api/history?range=5m');
    return (history.sinks.out?.p99_ms ?? []).some((ms) => ms !== null);
  });
  expect(history.step_seconds).toBe(1);
  expect(history.sources.app!.logs_per_second).toHaveLength(history.times.length);
  expect(history.sources.app!.logs_per_second!.some((rate) => rate !== null && rate > 0)).toBe(true);
});

test('its traces are read with Jaeger’s query API', async () => {
  await appendFile(input(), 'one\ntwo\n');
  await agent.statusWhen(({ dispatcher }) => dispatcher.records_done === 2);
  const services = await json<{ data: string[] }>('/jaeger/api/services');
  expect(services.data).toEqual(['checkout-agent']);
  const query = new URLSearchParams({
    service: 'checkout-agent',
    operation: 'log.process',
    tags: '{"log.offset":"4"}',
  });
  const found = await json<{ data: JaegerTrace[] }>(`/jaeger/api/traces?${query.toString()}`);
  expect(found.data).toHaveLength(1);
  const [trace] = found.data;
  const root = trace!.spans.find(({ operationName }) => operationName === 'log.process')!;
  expect(root.tags).toContainEqual({ key: 'log_capturer.outcome', type: 'string', value: 'delivered' });
  const own = await json<{ traces: { duration_ms: number; spans: unknown[] }[] }>(
    `/api/traces/${trace!.traceID}`,
  );
  expect(root.duration / 1000).toBeCloseTo(own.traces[0]!.duration_ms, 3);
  const same = await json<{ data: JaegerTrace[] }>(`/jaeger/api/traces/${trace!.traceID}`);
  expect(same.data[0]).toEqual(trace);
  // The batch that the log was in is a trace of its own, which the log's refers to.
  const [batch] = root.references;
  const linked = await json<{ data: JaegerTrace[] }>(`/jaeger/api/traces/${batch!.traceID}`);
  expect(linked.data[0]!.spans.map(({ operationName }) => operationName)).toContain(
    'dispatcher.process_batch',
  );
});
