import { appendFile, copyFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../../test/fixtures/agent.ts';
import { RecordingLog } from '../../test/fixtures/pipeline.ts';
import { SystemClock } from '../component/clock.ts';
import type { ConfigChange } from '../component/status.ts';
import type { ConfigDiff } from './diff.ts';
import { LiveConfig } from './live-config.ts';
import { loadConfig } from './load.ts';
import { registry } from './registry.fixture.ts';
import type { Config } from './schema.ts';

const SMALL =
  'sources: [{ id: a, type: file, include: ["/a"] }]\nsinks: [{ id: x, type: remote, url: "http://x" }]\n';

let dir: string;
let file: string;
let live: LiveConfig;
let applied: { config: Config; diff: ConfigDiff }[];
let besides: ConfigChange[];
let refusal: Error | undefined;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'log-capturer-config-'));
  file = join(dir, 'config.yaml');
  applied = [];
  besides = [];
  refusal = undefined;
});
afterEach(async () => {
  live.stop();
  await rm(dir, { recursive: true });
});

/** Reads the file and starts; `meanwhile` happens between the two. */
async function start(text: string, meanwhile: () => unknown = () => {}): Promise<void> {
  await writeFile(file, text);
  const config = await loadConfig(file, { registry, environment: {} });
  live = new LiveConfig(config, {
    file,
    registry,
    environment: {},
    clock: new SystemClock(),
    log: new RecordingLog(),
    async apply(changed, diff) {
      if (refusal !== undefined) throw refusal;
      applied.push({ config: changed, diff });
      return besides;
    },
  });
  await live.open();
  await meanwhile();
  live.start();
}

const reload = async () => (await live.reload('api')).result;
const results = () => live.status().reloads;
const QUIET = 'reload: { watch: false }\n';

test('what the file says now is applied, and runs', async () => {
  await start(SMALL + QUIET);
  await appendFile(file, 'log: { level: debug }\n');
  expect(await reload()).toMatchObject({
    result: 'applied',
    changes: [{ path: 'log.level', action: 'updated' }],
  });
  expect(applied).toMatchObject([{ config: { log: { level: 'debug' } } }]);
  expect(live.current.log.level).toBe('debug');
});

test('what is refused does not run', async () => {
  await start(SMALL + QUIET);
  await appendFile(file, 'log: { level: debug }\n');
  refusal = new Error('sink x: no');
  expect(await reload()).toMatchObject({ result: 'refused', problems: ['sink x: no'] });
  expect(live.current.log.level).toBe('info');
});

test('what needs a restart is named at each reload until then, and does not run', async () => {
  await start(SMALL + QUIET);
  await appendFile(file, 'state_dir: /elsewhere\n');
  for (let round = 0; round < 2; round++) {
    expect(await reload()).toMatchObject({
      result: 'unchanged',
      changes: [{ path: 'state_dir', action: 'restart_required' }],
    });
  }
  expect(live.current.state_dir).toBe('./data');
});

test('what else the agent had to change is in the result, once', async () => {
  await start(SMALL + QUIET);
  besides = [
    { path: 'tracing.mode', action: 'updated' },
    { path: 'log.level', action: 'updated' },
  ];
  await appendFile(file, 'log: { level: debug }\n');
  expect((await reload()).changes.map(({ path }) => path)).toEqual(['log.level', 'tracing.mode']);
});

test('before it runs and once it stops, it is refused', async () => {
  await start(SMALL + QUIET);
  live.stop();
  expect(await reload()).toMatchObject({ result: 'refused', problems: ['the agent is stopping'] });
});

describe('watching', () => {
  test('a file that is replaced is applied by itself', async () => {
    await start(SMALL);
    await writeFile(`${file}.new`, `${SMALL}log: { level: warn }\n`);
    await rename(`${file}.new`, file);
    await until(() => live.current.log.level === 'warn');
    expect(live.status().last_reload).toMatchObject({ trigger: 'watch' });
  });

  test('a file that changed between its reading and the start is applied', async () => {
    await start(SMALL, () => appendFile(file, 'log: { level: warn }\n'));
    await until(() => live.current.log.level === 'warn');
  });

  test('a file that did not change is left alone', async () => {
    await start(`${SMALL}reload: { interval: 100ms }\n`);
    await appendFile(file, 'log: { level: warn }\n');
    await until(() => results().applied === 1);
    expect(results()).toEqual({ applied: 1, unchanged: 0, refused: 0 });
  });

  test('can be switched off and on by a reload', async () => {
    await start(SMALL + QUIET);
    await writeFile(file, SMALL);
    expect(await reload()).toMatchObject({ result: 'applied' });
    await writeFile(file, `${SMALL}log: { level: warn }\n`);
    await until(() => live.current.log.level === 'warn');
  });

  test('a device or a pipe is neither watched nor read again', async () => {
    await start(SMALL);
    live.stop();
    const config = live.current;
    live = new LiveConfig(config, {
      file: '/dev/null',
      registry,
      environment: {},
      clock: new SystemClock(),
      log: new RecordingLog(),
      apply: async () => [],
    });
    live.start();
    expect(await reload()).toMatchObject({
      result: 'refused',
      problems: ['/dev/null is no regular file, so that it cannot be read again'],
    });
    expect(results().refused).toBe(1);
  });
});

test('a certificate that was replaced without its key is refused, with the reason', async () => {
  const TLS = join(import.meta.dirname, '../../test/fixtures/tls');
  const key = join(dir, 'key.pem');
  await copyFile(join(TLS, 'server.key'), key);
  await start(
    `${SMALL}${QUIET}server: { tls: { cert_file: "${join(TLS, 'server.pem')}", key_file: "${key}" } }\n`,
  );
  await copyFile(join(TLS, 'client.key'), key);
  expect(await reload()).toMatchObject({
    result: 'refused',
    problems: [expect.stringContaining('server.tls.key_file: this is not the key of the certificate')],
  });
});
