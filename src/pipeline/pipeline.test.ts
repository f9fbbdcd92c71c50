/** A pipeline of real components on files in a folder of its own, changed while it runs. */
import {
  appendFile,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort, until } from '../../test/fixtures/agent.ts';
import { RecordingLog } from '../../test/fixtures/pipeline.ts';
import { SystemClock } from '../component/clock.ts';
import { diffConfig } from '../config/diff.ts';
import { parseConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { PositionStore } from '../dispatcher/position-store.ts';
import { Kernel } from '../kernel/kernel.ts';
import * as registry from '../registry.ts';
import { Pipeline } from './pipeline.ts';

let dir: string;
let pipeline: Pipeline;
let config: Config;
let log: RecordingLog;

const APP = { id: 'app', type: 'file', include: ['in/*.log'], poll_interval: '10ms', scan_interval: '10ms' };
const OUT = { id: 'out', type: 'file', path: 'out/{file}' };
const DISPATCHER = {
  batch_timeout: '5ms',
  shutdown_timeout: '200ms',
  retry: { initial: '10ms', max: '20ms' },
};

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'log-capturer-pipeline-'));
  await mkdir(join(dir, 'in'));
  await mkdir(join(dir, 'state'));
  log = new RecordingLog();
});
afterEach(async () => {
  await pipeline.stop(1000);
  await pipeline.close();
  await rm(dir, { recursive: true });
});

function parse(sources: object[], sinks: object[]): Config {
  const inDir = (entry: object) =>
    Object.fromEntries(
      Object.entries(entry).map(([key, value]: [string, unknown]) => {
        if (key === 'path') return [key, join(dir, value as string)];
        return key === 'include' ? [key, (value as string[]).map((path) => join(dir, path))] : [key, value];
      }),
    );
  const text = JSON.stringify({
    sources: sources.map(inDir),
    sinks: sinks.map(inDir),
    dispatcher: DISPATCHER,
  });
  return parseConfig(text, 'c.yaml', { registry, environment: {} });
}

async function run(sources: object[], sinks: object[]): Promise<void> {
  config = parse(sources, sinks);
  const clock = new SystemClock();
  const kernel = Kernel.create({ memoryBytes: 2 ** 22, slotBytes: 2 ** 16, slotRecords: 1000 });
  const stateDir = join(dir, 'state');
  const positions = new PositionStore({ stateDir, clock, log });
  await positions.load();
  pipeline = new Pipeline(config, { log, clock, kernel, stateDir, positions, observers: [] });
  await pipeline.open();
  pipeline.start();
}

async function change(sources: object[], sinks: object[]): Promise<void> {
  const next = parse(sources, sinks);
  const change = await pipeline.prepare(next, diffConfig(config, next));
  config = next;
  await change.commit();
}

const write = (name: string, text: string) => appendFile(join(dir, 'in', name), text);
const read = (name: string) => readFile(join(dir, name), 'utf8').catch(() => '');
const holds = (name: string, text: string) =>
  until(
    async () => (await read(name)) === text,
    () => `${name} never held ${JSON.stringify(text)}`,
  );
const source = (id: string) => pipeline.status().sources.find((each) => each.id === id);
const sink = (id: string) => pipeline.status().sinks.find((each) => each.id === id);

describe('sources', () => {
  test('listeners may change ids and exchange addresses', async () => {
    const [one, two] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    const listener = (id: string, listen: string) => ({ id, type: 'http', listen });
    const listens = (id: string, listen: string) => until(() => source(id)?.details?.listen === listen);
    await run([listener('a', one), listener('b', two)], [OUT]);
    await Promise.all([listens('a', one), listens('b', two)]);
    await change([listener('a', two), listener('b', one)], [OUT]);
    await Promise.all([listens('a', two), listens('b', one)]);
    await change([listener('renamed', two), listener('b', one)], [OUT]);
    await listens('renamed', two);
  });

  test('one that is added reads at once; the others go on', async () => {
    await run([APP], [OUT]);
    await write('a.log', 'one\n');
    await holds('out/a.log', 'one\n');
    await writeFile(join(dir, 'other.log'), 'new\n');
    await change([APP, { ...APP, id: 'other', include: ['other.log'] }], [OUT]);
    await holds('out/other.log', 'new\n');
    await write('a.log', 'two\n');
    await holds('out/a.log', 'one\ntwo\n');
    expect(source('app')).toMatchObject({ ledger: { read: 2, balanced: true } });
  });

  test('one that is replaced goes on where its predecessor was', async () => {
    await run([APP], [{ ...OUT, format: 'json' }]);
    await write('a.log', 'one\n');
    await until(async () => (await read('out/a.log')).includes('"one"'));
    await change([{ ...APP, labels: { team: 'x' } }], [{ ...OUT, format: 'json' }]);
    await write('a.log', 'two\n');
    await until(async () => (await read('out/a.log')).includes('"two"'));
    const lines = (await read('out/a.log'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([{ message: 'one' }, { message: 'two', labels: { team: 'x' } }]);
    expect(lines).toHaveLength(2);
    expect(source('app')).toMatchObject({ ledger: { read: 2, delivered: 2, balanced: true } });
  });

  test.runIf(process.platform === 'linux')(
    'one that another type takes the place of leaves no deleted file open',
    async () => {
      const openFiles = async () => {
        const fds = await readdir('/proc/self/fd');
        return Promise.all(fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
      };
      const isOpen = async () => (await openFiles()).some((path) => path.startsWith(join(dir, 'in/a.log')));
      await write('a.log', 'one\n');
      await run([{ ...APP, start_at: 'beginning', poll_interval: '1m', scan_interval: '1m' }], [OUT]);
      await holds('out/a.log', 'one\n');
      expect(await isOpen()).toBe(true);
      await rm(join(dir, 'in/a.log'));
      await change([{ id: 'app', type: 'http', listen: `127.0.0.1:${await freePort()}` }], [OUT]);
      await until(async () => !(await isOpen()));
    },
  );

  test('one that is removed reads no more, and is not shown once its logs are delivered', async () => {
    await run([APP, { ...APP, id: 'other', include: ['other.log'] }], [OUT]);
    await write('a.log', 'one\n');
    await holds('out/a.log', 'one\n');
    await change([{ ...APP, id: 'other', include: ['other.log'] }], [OUT]);
    await until(() => source('app') === undefined);
    await write('a.log', 'two\n');
    await writeFile(join(dir, 'other.log'), 'new\n');
    await holds('out/other.log', 'new\n');
    expect(await read('out/a.log')).toBe('one\n');
  });

  test('one that comes back goes on where it was, and so do its counters', async () => {
    const other = { ...APP, id: 'other', include: ['other.log'] };
    await run([APP, other], [OUT]);
    await write('a.log', 'one\n');
    await holds('out/a.log', 'one\n');
    await change([other], [OUT]);
    await write('a.log', 'two\n');
    await change([APP, other], [OUT]);
    await holds('out/a.log', 'one\ntwo\n');
    expect(source('app')).toMatchObject({ ledger: { read: 2, balanced: true } });
  });

  test('other processors are taken up without stopping what reads', async () => {
    await run([APP], [{ ...OUT, format: 'json' }]);
    await write('a.log', '{"n":1}\n');
    await until(async () => (await read('out/a.log')).endsWith('\n'));
    expect(pipeline.isProcessed('app')).toBe(false);
    await change([{ ...APP, processors: [{ type: 'parse_json' }] }], [{ ...OUT, format: 'json' }]);
    expect(pipeline.isProcessed('app')).toBe(true);
    expect(pipeline.carriesContexts('app')).toBe(true);
    await write('a.log', '{"n":2}\n');
    await until(async () => (await read('out/a.log')).split('\n').length === 3);
    const [first, second] = (await read('out/a.log'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(first).not.toHaveProperty('fields');
    expect(second).toMatchObject({ fields: { n: 2 } });
  });
});

describe('sinks', () => {
  test('one that is added gets what is read from then on', async () => {
    await run([APP], [OUT]);
    await write('a.log', 'one\n');
    await holds('out/a.log', 'one\n');
    await change([APP], [OUT, { ...OUT, id: 'more', path: 'more/{file}' }]);
    await write('a.log', 'two\n');
    await holds('out/a.log', 'one\ntwo\n');
    await holds('more/a.log', 'two\n');
    expect(pipeline.sinksOf('app')).toEqual(['out', 'more']);
  });

  test('one that is replaced takes over what waited for its predecessor', async () => {
    // A folder is in the way of the file.
    await mkdir(join(dir, 'stuck/a.log'), { recursive: true });
    await run([APP], [{ ...OUT, path: 'stuck/{file}' }]);
    await write('a.log', 'one\n');
    await until(() => sink('out')?.state === 'retrying');
    await change([APP], [OUT]);
    await holds('out/a.log', 'one\n');
    await write('a.log', 'two\n');
    await holds('out/a.log', 'one\ntwo\n');
    expect(sink('out')).toMatchObject({ state: 'ok', ledger: { read: 2, delivered: 2, balanced: true } });
  });

  test('what one that is removed cannot deliver is dropped, counted and said', async () => {
    await mkdir(join(dir, 'stuck/a.log'), { recursive: true });
    await run([APP], [OUT, { ...OUT, id: 'stuck', path: 'stuck/{file}' }]);
    await write('a.log', 'one\ntwo\n');
    await until(() => sink('stuck')?.state === 'retrying');
    await change([APP], [OUT]);
    expect(sink('stuck')).toBeUndefined();
    expect(source('app')).toMatchObject({ ledger: { dropped: { sink_removed: 2 }, balanced: true } });
    expect(log.lines).toContainEqual(
      expect.objectContaining({
        level: 'error',
        fields: { sink: 'stuck', records: 2, reason: 'sink_removed' },
      }),
    );
  });

  test('one that takes other sources goes on as it is', async () => {
    const other = { ...APP, id: 'other', include: ['other.log'] };
    await run([APP, other], [OUT, { ...OUT, id: 'more', path: 'more/{file}' }]);
    await change([APP, other], [OUT, { ...OUT, id: 'more', path: 'more/{file}', sources: ['other'] }]);
    await write('a.log', 'one\n');
    await writeFile(join(dir, 'other.log'), 'new\n');
    await holds('out/a.log', 'one\n');
    await holds('more/other.log', 'new\n');
    expect(await read('more/a.log')).toBe('');
  });
});

describe('a sink that is down', () => {
  beforeEach(async () => {
    await mkdir(join(dir, 'stuck/a.log'), { recursive: true });
    await run([APP], [{ ...OUT, path: 'stuck/{file}' }]);
    await write('a.log', 'one\n');
    await until(() => sink('out')?.state === 'retrying');
  });

  test('delays the successor of a source, but no further change: that one may mend it', async () => {
    await change([{ ...APP, labels: { a: 'b' } }], [{ ...OUT, path: 'stuck/{file}' }]);
    expect(source('app')).toMatchObject({ state: 'waiting' });
    expect(log.lines).toContainEqual(expect.objectContaining({ level: 'warn', fields: { source: 'app' } }));
    await write('a.log', 'two\n');
    await change([{ ...APP, labels: { a: 'c' } }], [OUT]);
    await holds('out/a.log', 'one\ntwo\n');
    expect(source('app')).toMatchObject({ ledger: { read: 2, delivered: 2, balanced: true } });
  });

  test('does not keep a pipeline with a waiting source from stopping', async () => {
    await change([{ ...APP, labels: { a: 'b' } }], [{ ...OUT, path: 'stuck/{file}' }]);
    await pipeline.stop(10);
    expect(source('app')!.ledger).toMatchObject({ read: 1, in_flight: 1, balanced: true });
  });
});

describe('a part that refuses', () => {
  test('leaves everything as it was, and names itself', async () => {
    await run([APP], [OUT]);
    const missing = {
      id: 'loki',
      type: 'loki',
      url: 'http://127.0.0.1:1',
      tls: { ca_file: join(dir, 'ca.pem') },
    };
    await copyFile(join(import.meta.dirname, '../../test/fixtures/tls/ca.pem'), join(dir, 'ca.pem'));
    const next = parse([{ ...APP, labels: { a: 'b' } }], [missing]);
    await rm(join(dir, 'ca.pem'));
    await expect(pipeline.prepare(next, diffConfig(config, next))).rejects.toThrow(/^sink loki: .*ca\.pem/);
    await write('a.log', 'one\n');
    await holds('out/a.log', 'one\n');
    expect(pipeline.status()).toMatchObject({ sources: [{ id: 'app' }], sinks: [{ id: 'out' }] });
  });
});

test('a change that is prepared when the agent stops is not put in force', async () => {
  await run([APP], [OUT]);
  const next = parse([{ ...APP, labels: { a: 'b' } }], [OUT]);
  const prepared = await pipeline.prepare(next, diffConfig(config, next));
  await pipeline.stop(1000);
  await expect(prepared.commit()).rejects.toThrow('the agent is stopping');
});
