/** Dead letters in the built agent: what a sink refuses is kept byte for byte, and sent again when it is asked for. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bytesOf, type DeadLetter } from '../../src/dispatcher/dead-letters/dead-letter.ts';
import { AgentUnderTest, until } from '../fixtures/agent.ts';
import { LokiStub } from '../stubs/loki.ts';

const LAUNCHER = join(import.meta.dirname, '..', '..', 'bin', 'log-capturer');
const TOO_OLD = 'timestamp too old: 2020-01-01T00:00:00Z';
const PATIENCE_MS = 60_000;

let agent: AgentUnderTest;
let loki: LokiStub;
/** Lines that hold this are refused. */
let refused: string | null;

beforeEach(async () => {
  refused = 'bad';
  agent = await AgentUnderTest.create();
  loki = await LokiStub.start({
    refuse: ({ line }) => (refused !== null && line.includes(refused) ? TOO_OLD : undefined),
  });
  await mkdir(join(agent.dir, 'in'));
  await configure();
});
afterEach(async () => {
  await agent[Symbol.asyncDispose]();
  await loki.stop();
});

const configure = (changes: object = {}) =>
  agent.configure({
    sources: [
      {
        id: 'app',
        type: 'file',
        include: ['in/*.log'],
        poll_interval: '20ms',
        scan_interval: '50ms',
        labels: { service: 'shop' },
      },
    ],
    sinks: [{ id: 'loki', type: 'loki', url: loki.url }],
    dispatcher: { batch_bytes: '64KiB', batch_timeout: '20ms' },
    tracing: { mode: 'full-e2e' },
    ...changes,
  });
const input = (text: string | Buffer) => appendFile(join(agent.dir, 'in', 'a.log'), text);

/** Runs `log-capturer dead-letters …` with the agent's configuration. */
async function deadLetters(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = execFile(LAUNCHER, ['dead-letters', ...args, '--config', 'config.yaml'], { cwd: agent.dir });
  const output = { stdout: '', stderr: '' };
  child.stdout!.on('data', (text) => {
    output.stdout += text;
  });
  child.stderr!.on('data', (text) => {
    output.stderr += text;
  });
  const [code] = await once(child, 'close');
  return { code: code as number, ...output };
}

async function lettersOnDisk(): Promise<DeadLetter[]> {
  const dir = join(agent.dir, 'state', 'dead-letters');
  const names = (await readdir(dir)).filter((name) => name.endsWith('.jsonl')).toSorted();
  const texts = await Promise.all(names.map((name) => readFile(join(dir, name), 'utf8')));
  return texts.flatMap((text) => text.split('\n').slice(0, -1)).map((line) => JSON.parse(line) as DeadLetter);
}

/** The lines that Loki has, whatever their streams. */
const stored = () => [...loki.streams.values()].flat().map(({ line }) => line.toString('latin1'));

const settled = (read: number) =>
  agent.statusWhen(({ sources: [source] }) => source!.ledger.read === read && source!.ledger.in_flight === 0);

const odd = Buffer.from('bad \xff\xfe\0 bytes', 'latin1');

test('one refused line is kept with its bytes, the others arrive, the books balance, and a restart changes nothing', async () => {
  await input(Buffer.concat([Buffer.from('one\n'), odd, Buffer.from('\nthree\n')]));
  await agent.start();
  const status = await settled(3);
  const ledger = { read: 3, delivered: 2, dead_lettered: 1, dropped: {}, in_flight: 0, balanced: true };
  expect(status.sources[0]!.ledger).toMatchObject(ledger);
  expect(status.sinks[0]!.ledger).toMatchObject(ledger);
  expect(status.dead_letters).toMatchObject({ enabled: true, records: 1, by_sink: { loki: 1 }, files: 1 });
  expect(stored().toSorted()).toEqual(['one', 'three']);
  const [letter, ...others] = await lettersOnDisk();
  expect(others).toEqual([]);
  expect(bytesOf(letter!)).toEqual(odd);
  expect(letter).toMatchObject({
    sink: 'loki',
    reason: 'too_old',
    source: 'app',
    stream: join(agent.dir, 'in', 'a.log'),
    offset: 4,
    labels: { service: 'shop' },
    trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  expect(letter!.message).toContain(TOO_OLD);

  await agent.stop();
  await agent.start();
  await agent.statusWhen(({ state }) => state === 'running');
  await input('four\n');
  await agent.statusWhen(({ sources }) => sources[0]!.ledger.delivered === 1);
  expect((await agent.status()).dead_letters.records).toBe(1);
  expect(await lettersOnDisk()).toHaveLength(1);
});

test('a running agent sends them again when it is asked, with their labels and trace ids; those refused again stay', async () => {
  await input('bad 1\ngood\nworse bad 2\n');
  await agent.start();
  await settled(3);
  const before = await lettersOnDisk();
  refused = 'worse';
  const replay = await deadLetters('replay', '--json');
  expect(JSON.parse(replay.stdout)).toMatchObject({ state: 'done', sent: 1, refused: 1, left_aside: 0 });
  expect(replay.code).toBe(1);
  expect(stored().toSorted()).toEqual(['bad 1', 'good']);
  const [[labels, entries]] = [...loki.streams].filter(([, all]) =>
    all.some(({ line }) => line.includes('bad')),
  );
  expect(labels).toContain('service="shop"');
  expect(entries.find(({ line }) => line.includes('bad'))!.metadata).toMatchObject({
    trace_id: before[0]!.trace_id,
  });
  const status = await agent.status();
  expect(status.dead_letters).toMatchObject({ records: 1, replay: { state: 'done' } });
  expect(status.sources[0]!.ledger).toMatchObject({ read: 3, dead_lettered: 2, balanced: true });
  expect(status.sinks[0]!.ledger).toMatchObject({ read: 5, delivered: 2, dead_lettered: 3, balanced: true });
  expect(await lettersOnDisk()).toHaveLength(2);

  refused = null;
  expect(await deadLetters('replay')).toMatchObject({ code: 0, stdout: 'done: 1 sent\n' });
  expect(stored().toSorted()).toEqual(['bad 1', 'good', 'worse bad 2']);
  expect(await lettersOnDisk()).toEqual([]);
});

test('without an agent the command sends them itself', async () => {
  await input('bad 1\nbad 2\n');
  await agent.start();
  await settled(2);
  await agent.stop();
  refused = null;
  const listing = JSON.parse((await deadLetters('list', '--json')).stdout);
  expect(listing).toMatchObject({
    letters: 2,
    groups: [{ sink: 'loki', reason: 'too_old', source: 'app', letters: 2 }],
  });
  const shown = await deadLetters('show', '--limit', '1');
  expect(shown.stdout).toContain('bad 1');
  expect(shown.stdout).toContain('there are more');
  expect(await deadLetters('replay', '--source', 'other')).toMatchObject({
    code: 0,
    stdout: 'done: 0 sent\n',
  });
  expect(await deadLetters('replay')).toMatchObject({ code: 0, stdout: 'done: 2 sent\n' });
  expect(stored()).toEqual(['bad 1', 'bad 2']);
  expect((await deadLetters('list')).stdout).toBe('no dead letters\n');
  await agent.start();
  expect((await agent.status()).dead_letters.records).toBe(0);
});

test(
  'killed in the middle of a replay, the next one sends the rest: all arrive, few twice',
  async () => {
    const lines = Array.from(
      { length: 3000 },
      (_, i) => `bad ${String(i).padStart(4, '0')} ${'x'.repeat(200)}`,
    );
    await writeFile(join(agent.dir, 'in', 'a.log'), lines.map((line) => `${line}\n`).join(''));
    refused = 'bad';
    await agent.start();
    await settled(3000);
    await agent.stop();
    expect(await lettersOnDisk()).toHaveLength(3000);
    refused = null;

    // The third request gets no answer: the replay is killed while it waits.
    loki.next.push('normal', 'normal', 'hang');
    const child: ChildProcess = spawn(LAUNCHER, ['dead-letters', 'replay', '-c', 'config.yaml'], {
      cwd: agent.dir,
      stdio: 'ignore',
    });
    await until(() => loki.next.length === 0);
    const killed = once(child, 'exit');
    child.kill('SIGKILL');
    await killed;
    const arrived = stored().length;
    expect(arrived).toBeGreaterThan(0);
    expect(arrived).toBeLessThan(3000);

    expect(await deadLetters('replay')).toMatchObject({ code: 0, stdout: `done: ${3000 - arrived} sent\n` });
    expect(stored().toSorted()).toEqual(lines);
  },
  PATIENCE_MS,
);

test('when they are off, what is refused is dropped, by reason', async () => {
  await configure({ dead_letters: { enabled: false } });
  await input('bad\ngood\n');
  await agent.start();
  const status = await settled(2);
  expect(status.sources[0]!.ledger).toMatchObject({
    delivered: 1,
    dropped: { too_old: 1 },
    dead_lettered: 0,
    balanced: true,
  });
  expect(status.dead_letters).toMatchObject({ enabled: false, records: 0 });
});

test('a filter removes logs before any sink sees them, and they are counted', async () => {
  refused = null;
  const source = {
    id: 'app',
    type: 'file',
    include: ['in/*.log'],
    poll_interval: '20ms',
    processors: [
      { type: 'parse_json' },
      { type: 'filter', drop: 'text contains "/health" or field.user.name == "bot"' },
      { type: 'filter', keep: 'level >= info or level == unknown' },
    ],
  };
  await configure({ sources: [source] });
  await input(
    'GET /health\nGET /\n{"level":"debug","msg":"x"}\n{"level":"warn","user":{"name":"bot"}}\n{"level":"warn"}\n',
  );
  await agent.start();
  const status = await settled(5);
  expect(status.sources[0]!.ledger).toMatchObject({ delivered: 2, filtered: 3, balanced: true });
  expect(stored().toSorted()).toEqual(['GET /', '{"level":"warn"}']);
});
