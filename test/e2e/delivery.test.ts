/** The built agent, started as a user would, on real files and sinks. */
import { createHash } from 'node:crypto';
import { appendFile, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AgentUnderTest, until } from '../fixtures/agent.ts';
import { NumberedOracle, writeNumbered } from '../fixtures/numbered-lines.ts';
import { LokiStub } from '../stubs/loki.ts';

/** How many lines the larger tests send; 5,000,000 takes some minutes and 2 GB of disk. */
const LINES = Number(process.env.E2E_LINES ?? 200_000);
const LONG_MS = 900_000;

let agent: AgentUnderTest;

beforeEach(async () => {
  agent = await AgentUnderTest.create();
  await mkdir(join(agent.dir, 'in'));
});
afterEach(() => agent[Symbol.asyncDispose]());

const input = (name: string) => join(agent.dir, 'in', name);
const fileSource = {
  id: 'app',
  type: 'file',
  include: ['in/*.log'],
  poll_interval: '20ms',
  scan_interval: '50ms',
};
const fileSink = { id: 'out', type: 'file', path: 'out/{file}', rotate: { max_bytes: '10GB' } };
const hash = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

describe('file to file', () => {
  beforeEach(() => agent.configure({ sources: [fileSource], sinks: [fileSink] }));

  test('copies every byte: CRLF, invalid UTF-8, NUL, empty lines', async () => {
    const odd = Buffer.from('one\r\n\ntwo\0\xff\xfe\nthree\r\r\n\r\n', 'latin1');
    await writeFile(input('odd.log'), odd);
    await agent.start();
    await agent.statusWhen(({ sources }) => sources[0]!.ledger.delivered === 5);
    expect(await readFile(join(agent.dir, 'out/odd.log'))).toEqual(odd);
  });

  test(
    'copies three large files byte for byte, then ends cleanly',
    async () => {
      const each = Math.ceil(LINES / 3);
      for (const name of ['a.log', 'b.log', 'c.log']) await writeNumbered(input(name), 0, each);
      await agent.start();
      const status = await agent.statusWhen(({ sources }) => sources[0]!.ledger.delivered >= 3 * each);
      expect(status.sources[0]!.ledger).toMatchObject({
        read: 3 * each,
        in_flight: 0,
        dropped: {},
        balanced: true,
      });
      expect(await agent.stop()).toBe(0);
      for (const name of ['a.log', 'b.log', 'c.log']) {
        expect(await hash(join(agent.dir, 'out', name))).toBe(await hash(input(name)));
      }
    },
    LONG_MS,
  );

  test('goes on where it was after a restart, and takes up files that appear while it runs', async () => {
    await writeFile(input('x.log'), 'one\ntwo\n');
    await agent.start();
    await agent.statusWhen(({ sources }) => sources[0]!.ledger.delivered === 2);
    await agent.stop();
    await appendFile(input('x.log'), 'three\n');
    await agent.start();
    await appendFile(input('y.log'), 'new\n');
    await agent.statusWhen(({ sources }) => sources[0]!.ledger.delivered === 2);
    await agent.stop();
    expect(await readFile(join(agent.dir, 'out/x.log'), 'utf8')).toBe('one\ntwo\nthree\n');
    expect(await readFile(join(agent.dir, 'out/y.log'), 'utf8')).toBe('new\n');
  });

  test('loses nothing over rotation by rename and by truncation', async () => {
    await writeFile(input('x.log'), 'one\n');
    await agent.start();
    await agent.statusWhen(({ sources }) => sources[0]!.ledger.delivered === 1);
    await appendFile(input('x.log'), 'two\n');
    await rename(input('x.log'), input('x.log.1'));
    await writeFile(input('x.log'), 'three\n');
    await agent.statusWhen(({ sources }) => sources[0]!.ledger.delivered === 3);
    await writeFile(input('x.log'), 'four\n');
    await agent.statusWhen(({ sources }) => sources[0]!.ledger.delivered === 4);
    await agent.stop();
    expect(await readFile(join(agent.dir, 'out/x.log'), 'utf8')).toBe('one\ntwo\nthree\nfour\n');
  });

  test('killed again and again while a file grows, it loses no line and damages none', async () => {
    const total = 40_000;
    for (let round = 0; round < 8; round++) {
      await writeNumbered(input('x.log'), (round * total) / 8, ((round + 1) * total) / 8);
      await agent.start();
      // Killed at whatever point the first new bytes have come out.
      const before = await stat(join(agent.dir, 'out/x.log')).then(
        (s) => s.size,
        () => 0,
      );
      await until(
        async () =>
          (await stat(join(agent.dir, 'out/x.log')).then(
            (s) => s.size,
            () => 0,
          )) > before,
      );
      await agent.stop('SIGKILL');
    }
    await agent.start();
    await agent.statusWhen(({ sources }) => sources[0]!.streams[0]?.lag_bytes === 0);
    await agent.stop();
    const oracle = new NumberedOracle(total);
    const lines = (await readFile(join(agent.dir, 'out/x.log'), 'latin1')).split('\n').slice(0, -1);
    for (const [index, line] of lines.entries())
      oracle.receive(Buffer.from(line, 'latin1'), BigInt(index + 1));
    expect(oracle.verdict()).toMatchObject({ missing: 0, damaged: 0 });
  });
});

describe('file to Loki', () => {
  let loki: LokiStub;
  let oracle: NumberedOracle;

  beforeEach(async () => {
    oracle = new NumberedOracle(LINES);
    loki = await LokiStub.start({ onEntry: ({ line, ns }) => oracle.receive(line, ns) });
    await agent.configure({
      sources: [fileSource],
      sinks: [{ id: 'loki', type: 'loki', url: loki.url }],
      dispatcher: {
        memory: '16MiB',
        batch_bytes: '256KiB',
        batch_size: 5000,
        retry: { initial: '50ms', max: '200ms' },
      },
    });
  });
  afterEach(() => loki.stop());

  test(
    'every line arrives once, byte for byte, in order',
    async () => {
      await writeNumbered(input('x.log'), 0, LINES);
      await agent.start();
      await agent.statusWhen(({ sinks }) => sinks[0]!.ledger.delivered >= LINES);
      expect(oracle.verdict()).toEqual({
        received: LINES,
        missing: 0,
        duplicates: 0,
        damaged: 0,
        disordered: 0,
      });
      expect(await agent.stop()).toBe(0);
    },
    LONG_MS,
  );

  test(
    'while Loki is down reading stops at the memory limit; then everything arrives by itself, once',
    async () => {
      loki.next.push(...Array(100_000).fill({ status: 503 }));
      await writeNumbered(input('x.log'), 0, LINES);
      await agent.start();
      // One slot may be in the hands of the reader.
      const full = await agent.statusWhen(
        ({ dispatcher, sinks }) => dispatcher.slots_free <= 1 && sinks[0]!.state === 'retrying',
      );
      expect(full.sources[0]!.ledger.read).toBeLessThan(LINES);
      expect(full.dispatcher.bytes_in_flight).toBeLessThanOrEqual(full.dispatcher.memory_bytes);
      loki.next.length = 0;
      await agent.statusWhen(({ sinks }) => sinks[0]!.ledger.delivered >= LINES);
      expect(oracle.verdict()).toEqual({
        received: LINES,
        missing: 0,
        duplicates: 0,
        damaged: 0,
        disordered: 0,
      });
    },
    LONG_MS,
  );
});

describe('standard input to standard output', () => {
  test('works as a filter: ends by itself at the end of the input, with everything written', async () => {
    await agent.configure({
      sources: [{ id: 'in', type: 'stdin' }],
      sinks: [{ id: 'out', type: 'stdout' }],
    });
    const child = await agent.start({ stdin: 'pipe' });
    const exit = new Promise((resolve) => child.once('close', resolve));
    child.stdin!.end('one\ntwo\r\nunfinished');
    expect(await exit).toBe(0);
    expect(agent.stdout).toBe('one\ntwo\r\nunfinished\n');
  });
});

describe('standard output', () => {
  test('whose reader leaves ends the agent, as of any filter', async () => {
    await agent.configure({ sources: [fileSource], sinks: [{ id: 'out', type: 'stdout' }] });
    await writeNumbered(input('x.log'), 0, 20_000);
    const child = await agent.start();
    const exit = new Promise((resolve) => child.once('exit', resolve));
    child.stdout!.destroy();
    expect(await exit).toBe(0);
  });
});

describe('parse_json', () => {
  test('gives fields and levels to JSON output; broken lines pass on flagged', async () => {
    await agent.configure({
      sources: [{ ...fileSource, processors: [{ type: 'parse_json' }] }],
      sinks: [{ id: 'out', type: 'file', path: 'out/{source}.json', format: 'json' }],
    });
    await writeFile(input('x.log'), '{"level":"warn","message":"hot","degrees":451}\n{"broken\n');
    await agent.start();
    await agent.statusWhen(({ sources }) => sources[0]!.ledger.delivered === 2);
    await agent.stop();
    const [first, second] = (await readFile(join(agent.dir, 'out/app.json'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(first).toMatchObject({ source: 'app', level: 'warn', fields: { degrees: 451 } });
    expect(second).toMatchObject({ source: 'app', message: '{"broken', unparsed: true });
  });
});
