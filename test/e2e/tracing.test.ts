/** Tracing in the real agent: modes, stamps, incoming traces, rules, and backends that fail while every log arrives. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TracerStatus } from '../../src/tracing/tracing.ts';
import { AgentUnderTest, until } from '../fixtures/agent.ts';
import { NumberedOracle, writeNumbered } from '../fixtures/numbered-lines.ts';
import { LokiStub } from '../stubs/loki.ts';
import { type Answer, OtlpCollector } from '../stubs/otlp-collector.ts';

/** How many lines the larger tests send. */
const LINES = Number(process.env.E2E_LINES ?? 50_000);
const LONG_MS = 3_600_000;

let agent: AgentUnderTest;
let collector: OtlpCollector;
let loki: LokiStub;
/** What arrived at Loki. */
let logs: NumberedOracle;
let lokiIds: Ids;

beforeEach(async () => {
  logs = new NumberedOracle(LINES);
  lokiIds = new Ids();
  [agent, collector, loki] = await Promise.all([
    AgentUnderTest.create(),
    OtlpCollector.http(),
    LokiStub.start({
      onEntry: ({ line, ns, metadata }) => {
        logs.receive(line, ns);
        lokiIds.add(metadata.trace_id);
      },
    }),
  ]);
  await mkdir(join(agent.dir, 'in'));
});
afterEach(async () => {
  await agent[Symbol.asyncDispose]();
  await Promise.all([collector.close(), loki.stop()]);
});

/** Trace ids in any order: how many, and all of them folded into one number. */
class Ids {
  count = 0;
  fold = 0n;

  add(id: string | undefined): void {
    if (id === undefined) return;
    this.count++;
    this.fold ^= BigInt(`0x${id}`);
  }
}

/** Spans by name, of requests as they come; requests are let go of, so that millions of spans may come. */
class Arrivals {
  readonly names = new Map<string, number>();
  readonly logIds = new Ids();
  readonly logs: Record<string, unknown>[] = [];

  /** Takes up what has arrived since. */
  collect(): void {
    for (const { spans } of collector.received.splice(0)) {
      for (const span of spans) {
        const name = span.name as string;
        this.names.set(name, (this.names.get(name) ?? 0) + 1);
        if (name !== 'log.process') continue;
        this.logIds.add(hex(span.traceId));
        if (this.logs.length < 1000) this.logs.push(span);
      }
    }
  }

  count(name: string): number {
    this.collect();
    return this.names.get(name) ?? 0;
  }
}

const hex = (id: unknown) => Buffer.from(id as Uint8Array).toString('hex');
const attribute = (span: Record<string, unknown>, key: string) => {
  const attributes = span.attributes as { key: string; value: { stringValue?: string; intValue?: string } }[];
  const value = attributes.find((one) => one.key === key)?.value;
  return value?.stringValue ?? value?.intValue;
};

const input = (name: string) => join(agent.dir, 'in', name);
const source = {
  id: 'app',
  type: 'file',
  include: ['in/*.log'],
  poll_interval: '20ms',
  scan_interval: '50ms',
};
const exporter = (more: object = {}) => ({
  type: 'otlp',
  endpoint: `${collector.url}/v1/traces`,
  batch_timeout: '50ms',
  ...more,
});

/** A pipeline to Loki whose spans go to the collector. */
function configure(tracing: object, more: object = {}): Promise<void> {
  return agent.configure({
    sources: [source],
    sinks: [{ id: 'loki', type: 'loki', url: loki.url }],
    dispatcher: { memory: '16MiB', batch_bytes: '256KiB', batch_size: 5000 },
    tracing: { exporter: exporter(), ...tracing },
    ...more,
  });
}

async function tracingStatus(): Promise<TracerStatus> {
  return (await (await agent.get('/api/tracing/status')).json()) as TracerStatus;
}

/** Waits until every line is delivered. */
async function delivered(count: number): Promise<void> {
  await agent.statusWhen(({ sinks }) => sinks[0]!.ledger.delivered >= count);
}

/** Waits until no span waits for export; the sum holds at every moment. */
async function exported(arrivals?: Arrivals): Promise<TracerStatus> {
  let status!: TracerStatus;
  await until(async () => {
    arrivals?.collect();
    status = await tracingStatus();
    expectBalance(status);
    return status.spans_queued === 0;
  });
  arrivals?.collect();
  return status;
}

const created = ({ spans_created: { log, system } }: TracerStatus) => log + system;
const dropped = ({ spans_dropped }: TracerStatus) => Object.values(spans_dropped).reduce((a, b) => a + b, 0);

function expectBalance(status: TracerStatus): void {
  expect(status.spans_exported + dropped(status) + status.spans_queued).toBe(created(status));
}

const allArrived = () => ({ received: LINES, missing: 0, duplicates: 0, damaged: 0, disordered: 0 });

async function post(path: string, body: object): Promise<Response> {
  return fetch(`http://127.0.0.1:${agent.port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

describe('modes', () => {
  test('off: no span is made or sent, no log is stamped', async () => {
    await configure({ mode: 'off' });
    await writeNumbered(input('x.log'), 0, 1000);
    await agent.start();
    await delivered(1000);
    expect(created(await tracingStatus())).toBe(0);
    await agent.stop();
    expect(collector.connections).toBe(0);
    expect(lokiIds.count).toBe(0);
  });

  test('system-only: spans of batches and sends, none of logs', async () => {
    await configure({ mode: 'system-only' });
    const arrivals = new Arrivals();
    await writeNumbered(input('x.log'), 0, 20_000);
    await agent.start();
    await delivered(20_000);
    const status = await exported(arrivals);
    const { dispatcher } = await agent.status();
    expect(Object.fromEntries(arrivals.names)).toEqual({
      'dispatcher.process_batch': dispatcher.batches,
      'sink.loki.send': dispatcher.batches,
    });
    expect(status.spans_created).toEqual({ log: 0, system: 2 * dispatcher.batches });
    expect(lokiIds.count).toBe(0);
  });

  test('hybrid: that share of logs has a trace, and just those are stamped with its id', async () => {
    await configure({
      mode: 'hybrid',
      log_tracing_rate: 0.1,
      tail: { enabled: false },
      adaptive_sampling: { enabled: false },
    });
    const arrivals = new Arrivals();
    await writeNumbered(input('x.log'), 0, LINES);
    await agent.start();
    await delivered(LINES);
    const status = await exported(arrivals);
    const traced = arrivals.count('log.process');
    expect(Math.abs(traced - LINES * 0.1)).toBeLessThan(6 * Math.sqrt(LINES * 0.09));
    expect(status.logs_traced_by_reason).toMatchObject({ base_rate: traced, mode: 0 });
    expect(lokiIds).toEqual(arrivals.logIds);
    expect(logs.verdict()).toEqual(allArrived());
  });

  test.each(['compact', 'waterfall'])(
    'full-e2e, %s: every log has a trace, at the collector or counted as dropped',
    async (shape) => {
      await configure({ mode: 'full-e2e', log_spans: shape });
      const arrivals = new Arrivals();
      await writeNumbered(input('x.log'), 0, LINES);
      await agent.start();
      await agent.statusWhen(({ sinks }) => {
        arrivals.collect();
        return sinks[0]!.ledger.delivered >= LINES;
      });
      const status = await exported(arrivals);
      const spansPerLog = shape === 'compact' ? 1 : 3;
      expect(status).toMatchObject({ logs_traced: LINES, logs_traced_by_reason: { mode: LINES } });
      expect(status.spans_created.log).toBe(LINES * spansPerLog);
      expect([...arrivals.names.values()].reduce((a, b) => a + b, 0)).toBe(status.spans_exported);
      // Traces are dropped whole, so that each dropped log takes all of its spans with it.
      const roots = arrivals.count('log.process');
      expect(LINES - roots).toBeLessThanOrEqual(dropped(status) / spansPerLog);
      if (dropped(status) === 0) {
        expect(roots).toBe(LINES);
        expect(lokiIds).toEqual(arrivals.logIds);
      }
      expect(lokiIds.count).toBe(LINES);
      expect(logs.verdict()).toEqual(allArrived());
      expect(collector.violations).toEqual([]);
    },
    LONG_MS,
  );
});

describe('a collector that fails costs no log', () => {
  const forever = (answer: Answer) =>
    collector.answers.push(...Array.from({ length: 100_000 }, () => answer));

  /** Sends all lines in full-e2e and checks that all of them arrive. */
  async function run(more: object): Promise<void> {
    await configure({ mode: 'full-e2e', exporter: exporter(more) });
    await writeNumbered(input('x.log'), 0, LINES);
    await agent.start();
    await delivered(LINES);
    expect(logs.verdict()).toEqual(allArrived());
    expect(lokiIds.count).toBe(LINES);
  }

  test('refuses: spans are dropped and counted', async () => {
    forever({ kind: 'status', status: 400 });
    await run({});
    const status = await exported();
    expect(status.spans_exported).toBe(0);
    expect(status.spans_dropped.export_failed).toBe(created(status));
    expect(status.exporters[0]!.last_error).toContain('400');
  });

  test('takes a part: the rest is counted', async () => {
    forever({ kind: 'accept', rejectedSpans: 7, message: 'too old' });
    await run({});
    const status = await exported();
    const refused = collector.received.reduce((sum, { spans }) => sum + Math.min(7, spans.length), 0);
    expect(status.spans_dropped.export_failed).toBe(refused);
    expect(status.spans_exported).toBeGreaterThan(0);
  });

  test('hangs: the queue fills and the rest is dropped; it lives again and the queue is sent', async () => {
    forever({ kind: 'hang' });
    await run({ max_queue_size: 10_000, timeout: '500ms' });
    const full = await tracingStatus();
    expectBalance(full);
    expect(full.spans_dropped.queue_full).toBeGreaterThan(0);
    collector.answers.length = 0;
    const status = await exported();
    expect(status.spans_exported).toBeGreaterThan(0);
  });

  test('is slow: spans wait in the queue or are dropped, logs do not wait', async () => {
    const gate = Promise.withResolvers<void>();
    forever({ kind: 'slow', until: gate.promise });
    await run({ max_queue_size: 10_000 });
    const waiting = await tracingStatus();
    expectBalance(waiting);
    expect(waiting.spans_queued).toBeGreaterThan(0);
    expect(waiting.spans_exported).toBe(0);
    gate.resolve();
    const status = await exported();
    expect(status.spans_exported).toBeGreaterThan(0);
  });

  test('cuts connections: spans are sent again', async () => {
    collector.answers.push(...Array.from({ length: 3 }, (): Answer => ({ kind: 'cut' })));
    await run({});
    const status = await exported();
    expect(status.spans_exported).toBeGreaterThan(0);
    expect(status.spans_dropped.export_failed).toBe(0);
  });

  test('dies: spans are dropped beyond the queue, and the agent still ends within its deadline', async () => {
    await collector.close();
    await run({ max_queue_size: 10_000 });
    const status = await tracingStatus();
    expectBalance(status);
    expect(status.spans_exported).toBe(0);
    expect(status.spans_dropped.queue_full).toBeGreaterThan(0);
    expect(await agent.stop()).toBe(0);
    // To be closed again after the test.
    collector = await OtlpCollector.http();
  });
});

describe('the end of the agent', () => {
  test('sends what waits', async () => {
    await configure({ mode: 'full-e2e', exporter: exporter({ batch_timeout: '10m' }) });
    const arrivals = new Arrivals();
    await writeNumbered(input('x.log'), 0, 1000);
    await agent.start();
    await delivered(1000);
    expect(await agent.stop()).toBe(0);
    expect(arrivals.count('log.process')).toBe(1000);
    expect(lokiIds).toEqual(arrivals.logIds);
  });
});

describe('ids', () => {
  test('stand in JSON lines of the file sink', async () => {
    await configure(
      { mode: 'full-e2e', stamp: 'trace_and_span' },
      { sinks: [{ id: 'out', type: 'file', path: 'out/{file}', format: 'json' }] },
    );
    const arrivals = new Arrivals();
    await writeNumbered(input('x.log'), 0, 500);
    await agent.start();
    await delivered(500);
    await exported(arrivals);
    await agent.stop();
    const lines = (await readFile(join(agent.dir, 'out/x.log'), 'utf8')).trimEnd().split('\n');
    const stamped = lines.map((line) => JSON.parse(line)).map((line) => `${line.trace_id} ${line.span_id}`);
    expect(stamped.toSorted()).toEqual(
      arrivals.logs.map((span) => `${hex(span.traceId)} ${hex(span.spanId)}`).toSorted(),
    );
  });

  test('are not written into raw lines, whose bytes stay what they were', async () => {
    await configure({ mode: 'full-e2e' }, { sinks: [{ id: 'out', type: 'file', path: 'out/{file}' }] });
    await writeNumbered(input('x.log'), 0, 500);
    await agent.start();
    await delivered(500);
    await agent.stop();
    expect(await readFile(join(agent.dir, 'out/x.log'))).toEqual(await readFile(input('x.log')));
  });
});

describe('a trace that came with a log', () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const spanId = '00f067aa0ba902b7';
  const sampled = { traceparent: `00-${traceId}-${spanId}-01`, message: 'sampled' };
  const unsampled = { traceparent: `00-${traceId}-${spanId}-00`, message: 'unsampled' };
  const fields = { trace_id: traceId, span_id: spanId, trace_flags: '01', message: 'in fields' };

  test.each([
    ['found by parse_json', { processors: [{ type: 'parse_json' }] }],
    ['found in raw text', { trace_context: 'json' }],
  ])('%s goes on; one that is not sampled stays without spans', async (_, keys) => {
    await configure({ mode: 'hybrid' }, { sources: [{ ...source, ...keys }] });
    const arrivals = new Arrivals();
    const lines = [sampled, unsampled, fields, { message: 'none' }];
    await writeFile(input('x.log'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    await agent.start();
    await delivered(4);
    await exported(arrivals);
    expect(arrivals.logs.map((span) => [hex(span.traceId), hex(span.parentSpanId)])).toEqual([
      [traceId, spanId],
      [traceId, spanId],
    ]);
    for (const span of arrivals.logs) expect(attribute(span, 'log_capturer.sampling.reason')).toBe('parent');
    expect(lokiIds.count).toBe(2);
  });
});

describe('logs traced because of what happens', () => {
  test('slow ones are kept, as many as the budget allows', async () => {
    await configure(
      { mode: 'hybrid', tail: { slow: '100ms', max_per_second: 5 } },
      { dispatcher: { batch_timeout: '400ms' } },
    );
    const arrivals = new Arrivals();
    await writeNumbered(input('x.log'), 0, 100);
    await agent.start();
    await delivered(100);
    await exported(arrivals);
    expect(arrivals.logs).toHaveLength(5);
    for (const span of arrivals.logs) {
      expect(attribute(span, 'log_capturer.sampling.reason')).toBe('tail_slow');
      expect(span.traceState).toBeUndefined();
    }
  });

  test('those that a sink refused at first are kept', async () => {
    loki.next.push({ status: 503 });
    await configure({ mode: 'hybrid' }, { dispatcher: { retry: { initial: '50ms', max: '100ms' } } });
    const arrivals = new Arrivals();
    await writeNumbered(input('x.log'), 0, 100);
    await agent.start();
    await delivered(100);
    await exported(arrivals);
    expect(arrivals.logs).toHaveLength(10);
    for (const span of arrivals.logs) {
      expect(attribute(span, 'log_capturer.sampling.reason')).toBe('tail_failed');
      expect(attribute(span, 'log_capturer.outcome')).toBe('delivered');
    }
  });

  test('adaptive sampling begins while logs are slow', async () => {
    await configure(
      {
        mode: 'hybrid',
        tail: { enabled: false },
        adaptive_sampling: {
          latency_threshold: '100ms',
          sample_rate: 1,
          window_size: '10m',
          check_interval: '100ms',
        },
      },
      { dispatcher: { batch_timeout: '300ms' } },
    );
    const arrivals = new Arrivals();
    await writeNumbered(input('x.log'), 0, 100);
    await agent.start();
    await delivered(100);
    await until(async () => (await tracingStatus()).adaptive_sampling.active);
    await writeNumbered(input('x.log'), 100, 200);
    await delivered(200);
    const status = await exported(arrivals);
    expect(status).toMatchObject({ effective_rate: 1, logs_traced: 100 });
    for (const span of arrivals.logs) {
      expect(attribute(span, 'log_capturer.sampling.reason')).toBe('adaptive');
      expect(span.traceState).toBe('ot=th:0');
    }
  });
});

describe('on-demand rules', () => {
  test('trace a file from when they are enabled until they are disabled, over a restart', async () => {
    await configure({ mode: 'hybrid' });
    const arrivals = new Arrivals();
    await writeNumbered(input('x.log'), 0, 100);
    await agent.start();
    await delivered(100);
    const rule = { source_id: 'app', rate: 1, duration: '5m', note: 'OPS-1' };
    expect((await post('/api/tracing/enable', rule)).status).toBe(200);
    await writeNumbered(input('x.log'), 100, 200);
    await delivered(200);
    await exported(arrivals);
    expect(arrivals.count('log.process')).toBe(100);

    await agent.stop();
    await agent.start();
    await writeNumbered(input('x.log'), 200, 300);
    await delivered(100);
    expect((await exported(arrivals)).on_demand_rules).toMatchObject([{ source_id: 'app', note: 'OPS-1' }]);
    expect(arrivals.count('log.process')).toBe(200);
    for (const span of arrivals.logs) {
      expect(attribute(span, 'log_capturer.sampling.reason')).toBe('on_demand');
      expect(attribute(span, 'log_capturer.on_demand.note')).toBe('OPS-1');
    }

    expect((await post('/api/tracing/disable', { source_id: 'app' })).status).toBe(200);
    expect((await post('/api/tracing/disable', { source_id: 'app' })).status).toBe(404);
    await writeNumbered(input('x.log'), 300, 400);
    await delivered(200);
    await exported(arrivals);
    expect(arrivals.count('log.process')).toBe(200);
    expect(lokiIds).toEqual(arrivals.logIds);
  });

  test('are refused in other modes', async () => {
    await configure({ mode: 'full-e2e' });
    await agent.start();
    expect((await post('/api/tracing/enable', { source_id: 'app' })).status).toBe(409);
  });
});
