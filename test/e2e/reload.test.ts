/**
 * The configuration of the real agent is changed while logs flow: every line arrives once, in order, byte for byte.
 * `E2E_RATE=100000` writes as many lines a second as that, `E2E_ROUNDS` says how often things are changed.
 */
import { mkdir, open, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { ConfigStatus, ReloadResult } from '../../src/component/status.ts';
import type { TracerStatus } from '../../src/tracing/tracing.ts';
import { AgentUnderTest, freePort, until } from '../fixtures/agent.ts';
import { SteadyWriter } from '../fixtures/steady-writer.ts';
import { LokiStub } from '../stubs/loki.ts';
import { OtlpCollector } from '../stubs/otlp-collector.ts';

/** Lines a second. */
const RATE = Number(process.env.E2E_RATE ?? 5000);
const ROUNDS = Number(process.env.E2E_ROUNDS ?? 1);
const LONG_MS = 600_000;

let agent: AgentUnderTest;
let hangUp: () => void;

beforeEach(async () => {
  agent = await AgentUnderTest.create();
  await mkdir(join(agent.dir, 'in'));
});
afterEach(() => agent[Symbol.asyncDispose]());

const inAgent = (...names: string[]) => join(agent.dir, ...names);
const source = {
  id: 'app',
  type: 'file',
  include: ['in/*.log'],
  poll_interval: '10ms',
  scan_interval: '20ms',
};
const sink = { id: 'out', type: 'file', path: 'out/{file}', rotate: { max_bytes: '10GB' } };
const base = {
  sources: [source] as object[],
  sinks: [sink] as object[],
  dispatcher: { batch_timeout: '20ms' },
};

async function start(config: object): Promise<void> {
  await agent.configure(config);
  const child = await agent.start();
  hangUp = () => child.kill('SIGHUP');
}

/** As an editor does it: a new file takes the place of the old one. */
async function replaceConfig(config: object): Promise<void> {
  const whole = { server: { port: agent.port }, state_dir: inAgent('state'), ...config };
  await writeFile(inAgent('.config.yaml.swp'), stringify(whole));
  await rename(inAgent('.config.yaml.swp'), inAgent('config.yaml'));
}

const reloads = async () => (await agent.status()).config.reloads;

/** Does something that is to make the agent reload, and waits until it has. */
async function reloadAfter(action: () => unknown): Promise<ReloadResult> {
  const { loaded_at: _loadedAt, last_reload: before } = (await agent.status()).config;
  await action();
  const { config } = await agent.statusWhen(({ config: { last_reload } }) => {
    return last_reload !== undefined && (before === undefined || last_reload.at !== before.at);
  });
  return config.last_reload!;
}

async function apply(config: object): Promise<ReloadResult> {
  const result = await reloadAfter(() => replaceConfig(config));
  expect(result).toMatchObject({ result: 'applied', trigger: 'watch' });
  return result;
}

/** Applies another configuration through the API. */
async function reloadTo(config: object): Promise<ConfigStatus> {
  await replaceConfig(config);
  await request('POST', '/api/config/reload');
  return (await agent.status()).config;
}

const request = (method: string, path: string, body?: object) =>
  fetch(`http://127.0.0.1:${agent.port}${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
const tracing = async () => (await (await agent.get('/api/tracing/status')).json()) as TracerStatus;

/** Waits until every line the writer has written is delivered; then input and output are compared byte for byte. */
async function expectAllOf(writer: SteadyWriter, name: string): Promise<void> {
  await writer.stop();
  const status = await agent.statusWhen(({ sources }) => {
    return sources.some(({ id, ledger }) => id === 'app' && ledger.delivered >= writer.written);
  });
  expect(status.sources.find(({ id }) => id === 'app')!.ledger).toMatchObject({
    read: writer.written,
    delivered: writer.written,
    in_flight: 0,
    balanced: true,
  });
  expect(await isSameFile(inAgent('in', name), inAgent('out', name))).toBe(true);
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([open(a), open(b)]);
  const [left, right] = [Buffer.alloc(2 ** 20), Buffer.alloc(2 ** 20)];
  try {
    for (;;) {
      const [{ bytesRead }, other] = [await first.read(left), await second.read(right)];
      if (bytesRead !== other.bytesRead || !left.subarray(0, bytesRead).equals(right.subarray(0, bytesRead)))
        return false;
      if (bytesRead === 0) return true;
    }
  } finally {
    await Promise.all([first.close(), second.close()]);
  }
}

describe('under load', () => {
  test(
    'the mode of tracing is changed by file, signal and API: no log is lost or doubled, no trace is half made',
    async () => {
      const collector = await OtlpCollector.http();
      const traced = (mode: string, more: object = {}) => ({
        ...base,
        ...more,
        tracing: {
          mode,
          log_tracing_rate: 0.05,
          log_spans: 'waterfall',
          max_overhead: 1,
          exporter: {
            type: 'otlp',
            endpoint: `${collector.url}/v1/traces`,
            batch_timeout: '50ms',
            max_queue_size: 1_000_000,
          },
        },
      });
      const unwatched = { reload: { watch: false } };
      await start(traced('hybrid'));
      const writer = await SteadyWriter.start(inAgent('in/x.log'), RATE);
      for (let round = 0; round < ROUNDS; round++) {
        await apply(traced('full-e2e'));
        expect(await tracing()).toMatchObject({ mode: 'full-e2e' });
        await apply(traced('system-only', unwatched));
        expect(await tracing()).toMatchObject({ mode: 'system-only' });

        await replaceConfig(traced('off', unwatched));
        expect(await reloadAfter(hangUp)).toMatchObject({
          result: 'applied',
          trigger: 'signal',
          changes: [{ path: 'tracing.mode', action: 'updated' }],
        });
        expect(await tracing()).toMatchObject({ mode: 'off' });

        expect((await request('PUT', '/api/tracing/mode', { mode: 'full-e2e' })).status).toBe(200);
        expect(await tracing()).toMatchObject({ mode: 'full-e2e' });
        await replaceConfig(traced('hybrid'));
        const answer = await request('POST', '/api/config/reload');
        expect(await answer.json()).toMatchObject({ result: 'applied', trigger: 'api' });
        expect(await tracing()).toMatchObject({ mode: 'hybrid', overrides: {} });
      }
      await expectAllOf(writer, 'x.log');
      await agent.stop();

      const traces = new Map<string, string[]>();
      for (const { spans } of collector.received.splice(0)) {
        for (const span of spans) {
          const id = Buffer.from(span.traceId as Uint8Array).toString('hex');
          const names = traces.get(id);
          if (names === undefined) traces.set(id, [span.name as string]);
          else names.push(span.name as string);
        }
      }
      const logs = [...traces.values()].filter((names) => names.includes('log.process'));
      expect(logs.length).toBeGreaterThan(100);
      expect(new Set(logs.map((names) => names.toSorted().join()))).toEqual(
        new Set(['dispatcher.queue,log.process,sink.out.send']),
      );
      await collector.close();
    },
    LONG_MS,
  );

  test(
    'sources and sinks come, change and go: what stays delivers every line once, in order',
    async () => {
      await start(base);
      const writer = await SteadyWriter.start(inAgent('in/x.log'), RATE);
      const more = { id: 'more', type: 'file', path: 'more/{file}' };
      const other = { ...source, id: 'other', include: ['other/*.log'] };
      for (let round = 0; round < ROUNDS; round++) {
        const labelled = { ...source, labels: { round: String(round) } };
        expect(await apply({ ...base, sinks: [sink, more] })).toMatchObject({
          changes: [{ path: 'sinks.more', action: 'added' }],
        });
        expect(await apply({ ...base, sources: [labelled], sinks: [sink, more] })).toMatchObject({
          changes: [{ path: 'sources.app', action: 'replaced' }],
        });
        const processed = { ...labelled, processors: [{ type: 'parse_json' }] };
        expect(await apply({ ...base, sources: [processed], sinks: [sink, more] })).toMatchObject({
          changes: [{ path: 'sources.app.processors', action: 'updated' }],
        });
        await apply({ ...base, sources: [processed], sinks: [{ ...sink, fsync: 'always' }, more] });
        expect(
          await apply({ ...base, sources: [source, other], sinks: [{ ...sink, sources: ['app'] }, more] }),
        ).toMatchObject({
          changes: expect.arrayContaining([
            { path: 'sources.other', action: 'added' },
            { path: 'sources.app', action: 'replaced' },
            { path: 'sinks.out', action: 'replaced' },
          ]),
        });
        expect(await apply(base)).toMatchObject({
          changes: expect.arrayContaining([
            { path: 'sources.other', action: 'removed' },
            { path: 'sinks.more', action: 'removed' },
          ]),
        });
      }
      await expectAllOf(writer, 'x.log');
      const { sources, sinks } = await agent.status();
      expect(sources.map(({ id }) => id)).toEqual(['app']);
      expect(sinks.map(({ id }) => id)).toEqual(['out']);
      expect(agent.stderr).not.toContain('sink_removed');
    },
    LONG_MS,
  );
});

test('a file that is wrong changes nothing, and shows in status, metrics, log and answer', async () => {
  await start(base);
  const refused = await reloadAfter(() => writeFile(inAgent('config.yaml'), 'sources: [\n'));
  expect(refused).toMatchObject({
    result: 'refused',
    trigger: 'watch',
    problems: [expect.stringMatching(/^config\.yaml:\d/)],
  });
  const answer = await request('POST', '/api/config/reload');
  expect(answer.status).toBe(422);
  expect(await answer.json()).toMatchObject({
    errors: [{ detail: expect.stringMatching(/^config\.yaml:\d/) }],
  });
  expect(await reloads()).toEqual({ applied: 0, unchanged: 0, refused: 2 });
  expect(agent.stderr).toContain('the configuration is refused, going on as before');
  const metrics = await (await agent.get('/metrics')).text();
  expect(metrics).toContain('log_capturer_config_reloads_total{result="refused"} 2');
  expect(metrics).toContain('log_capturer_config_last_reload_success 0');

  await writeFile(inAgent('in/x.log'), 'one\n');
  await agent.statusWhen(({ sources }) => sources[0]!.ledger.delivered === 1);
  await apply({ ...base, log: { level: 'debug' } });
  expect(await (await agent.get('/metrics')).text()).toContain('log_capturer_config_last_reload_success 1');
});

test('a ConfigMap of Kubernetes that is updated is applied', async () => {
  const version = async (name: string, config: object) => {
    await mkdir(inAgent(name));
    const whole = { server: { port: agent.port }, state_dir: inAgent('state'), ...config };
    await writeFile(inAgent(name, 'config.yaml'), stringify(whole));
    // The kubelet makes a new link and renames it over the old one.
    await symlink(name, inAgent('..data_tmp'));
    await rename(inAgent('..data_tmp'), inAgent('..data'));
  };
  await version('..2026_11_22', base);
  await symlink('..data/config.yaml', inAgent('config.yaml'));
  await agent.start();
  for (const [name, level] of [
    ['..2026_11_23', 'debug'],
    ['..2026_11_24', 'warn'],
  ] as const) {
    const result = await reloadAfter(() => version(name, { ...base, log: { level } }));
    expect(result).toMatchObject({
      result: 'applied',
      trigger: 'watch',
      changes: [{ path: 'log.level', action: 'updated' }],
    });
  }
});

test('keys that need a restart are named, and the rest is applied', async () => {
  await start(base);
  const result = await apply({
    ...base,
    dispatcher: { memory: '32MiB', batch_timeout: '10ms' },
    server: { port: agent.port, limits: undefined },
  });
  expect(result.changes).toEqual([
    { path: 'dispatcher.memory', action: 'restart_required' },
    { path: 'dispatcher.batch_timeout', action: 'updated' },
  ]);
  expect((await agent.status()).dispatcher.memory_bytes).toBe(64 * 2 ** 20);
});

test('a secret that is rotated reaches its sink', async () => {
  const loki = await LokiStub.start({ authorization: 'Bearer second' });
  await writeFile(inAgent('token'), 'first\n');
  await start({
    ...base,
    sinks: [{ id: 'loki', type: 'loki', url: loki.url, auth: { bearer_token_file: 'token' } }],
    dispatcher: { batch_timeout: '20ms', retry: { initial: '10ms', max: '50ms' } },
  });
  await writeFile(inAgent('in/x.log'), 'one\n');
  await agent.statusWhen(({ sinks }) => sinks[0]!.state === 'retrying');
  expect(await reloadAfter(() => writeFile(inAgent('token'), 'second\n'))).toMatchObject({
    changes: [{ path: 'sinks.loki', action: 'replaced' }],
  });
  await agent.statusWhen(({ sources }) => sources[0]!.ledger.delivered === 1);
  await loki.stop();
});

test('a sink that is down is mended by a reload, also while a changed source waits for its logs', async () => {
  const loki = await LokiStub.start();
  const down = { id: 'loki', type: 'loki', url: 'http://127.0.0.1:9' };
  const config = { ...base, dispatcher: { batch_timeout: '20ms', shutdown_timeout: '100ms' } };
  await start({ ...config, sinks: [down] });
  await writeFile(inAgent('in/x.log'), 'one\n');
  await agent.statusWhen(({ sinks }) => sinks[0]!.state === 'retrying');
  await apply({ ...config, sources: [{ ...source, labels: { a: 'b' } }], sinks: [down] });
  expect((await agent.status()).sources[0]!.state).toBe('waiting');
  await writeFile(inAgent('in/y.log'), 'two\n');
  await apply({
    ...config,
    sources: [{ ...source, labels: { a: 'b' } }],
    sinks: [{ ...down, url: loki.url }],
  });
  await agent.statusWhen(({ sources }) => sources[0]!.ledger.delivered === 2);
  expect((await agent.status()).sources[0]!.ledger).toMatchObject({ read: 2, balanced: true });
  await loki.stop();
});

test('a file that was there before a source with start_at: end was changed is not read, one that came meanwhile is', async () => {
  const late = { ...source, start_at: 'end' };
  await writeFile(inAgent('in/old.log'), 'old\n');
  await start({ ...base, sources: [late] });
  await agent.statusWhen(({ sources }) => sources[0]!.details?.files === 1);
  await mkdir(inAgent('more'));
  await writeFile(inAgent('more/old.log'), 'older\n');
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await Promise.all([
    apply({ ...base, sources: [{ ...late, include: ['in/*.log', 'more/*.log'] }] }),
    writeFile(inAgent('in/new.log'), 'new\n'),
  ]);
  await agent.statusWhen(({ sources }) => sources[0]!.ledger.delivered === 1);
  expect(await readFile(inAgent('out/new.log'), 'utf8')).toBe('new\n');
});

describe('a listener', () => {
  const listening = (port: number, more: object = {}) => ({
    ...base,
    sources: [{ id: 'app', type: 'http', listen: `127.0.0.1:${port}`, ...more }],
    sinks: [{ ...sink, path: 'out/{source}' }],
  });
  const post = (port: number, line: string) =>
    fetch(`http://127.0.0.1:${port}/logs`, {
      method: 'POST',
      body: `${line}\n`,
      headers: { 'content-type': 'text/plain' },
    });
  const isClosed = (port: number) =>
    post(port, 'nobody').then(
      () => false,
      () => true,
    );

  test('whose new port is taken stays where it was; one whose new port is free moves', async () => {
    const [first, second] = [await freePort(), await freePort()];
    await start(listening(first));
    const { last_reload } = await reloadTo(listening(agent.port));
    expect(last_reload).toMatchObject({ result: 'refused', problems: [expect.stringContaining('in use')] });
    expect((await post(first, 'one')).status).toBe(200);
    await apply(listening(second));
    expect((await post(second, 'two')).status).toBe(200);
    expect(await isClosed(first)).toBe(true);
    expect(await readFile(inAgent('out/app'), 'utf8')).toBe('one\ntwo\n');
  });

  test('that is changed loses and doubles nothing of clients that try again', async () => {
    const port = await freePort();
    await start(listening(port));
    let sent = 0;
    let isOver = false;
    const client = (async () => {
      while (!isOver) {
        const answer = await post(port, String(sent)).catch(() => undefined);
        if (answer?.status === 200) sent++;
      }
    })();
    for (let round = 0; round < 3; round++)
      await apply(listening(port, { labels: { round: String(round) } }));
    isOver = true;
    await client;
    expect(sent).toBeGreaterThan(3);
    const expected = Array.from({ length: sent }, (_, number) => `${number}\n`).join('');
    expect(await readFile(inAgent('out/app'), 'utf8')).toBe(expected);
  });
});

test('started again, it runs what the file says then', async () => {
  await start(base);
  await apply({ ...base, sinks: [{ ...sink, path: 'elsewhere/{file}' }] });
  await writeFile(inAgent('in/x.log'), 'one\n');
  await agent.statusWhen(({ sources }) => sources[0]!.ledger.delivered === 1);
  expect(await agent.stop()).toBe(0);
  await agent.start();
  await writeFile(inAgent('in/y.log'), 'two\n');
  await until(() =>
    readFile(inAgent('elsewhere/y.log'), 'utf8').then(
      (text) => text === 'two\n',
      () => false,
    ),
  );
});
