/** "Where is my line?" asked of the running agent, through the command line and the API. */
import { execFile } from 'node:child_process';
import { appendFile, mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { WhereResult } from '../../src/http/schemas/where.ts';
import { AgentUnderTest, LAUNCHER } from '../fixtures/agent.ts';
import { LogClient } from '../fixtures/log-client.ts';
import { type Entry, LokiStub } from '../stubs/loki.ts';

/** Size of the large file; `E2E_WHERE_BYTES=1073741824` is what is promised: an answer in under a second. */
const LARGE = Number(process.env.E2E_WHERE_BYTES ?? 32 * 2 ** 20);
const LONG_MS = 300_000;

let agent: AgentUnderTest;

beforeEach(async () => {
  agent = await AgentUnderTest.create();
  await mkdir(join(agent.dir, 'in'));
});
afterEach(() => agent[Symbol.asyncDispose]());

const input = (name = 'a.log') => join(agent.dir, 'in', name);
const source = {
  id: 'app',
  type: 'file',
  include: ['in/*.log'],
  poll_interval: '20ms',
  scan_interval: '50ms',
};
const archive = { id: 'archive', type: 'file', path: 'out/{file}' };
const down = { id: 'loki', type: 'loki', url: 'http://127.0.0.1:9', labels: { job: 'x' } };

/** Runs the command as a user would. */
async function where(...args: string[]): Promise<{ code: number; answer: WhereResult }> {
  const run = promisify(execFile);
  const options = {
    cwd: agent.dir,
    env: { ...process.env, LOG_CAPTURER_URL: `http://127.0.0.1:${agent.port}` },
  };
  const { stdout, code } = await run(LAUNCHER, ['where', '--json', ...args], options).then(
    ({ stdout: out }) => ({ stdout: out, code: 0 }),
    (error) => ({ stdout: error.stdout as string, code: error.code as number }),
  );
  return { code, answer: JSON.parse(stdout) };
}

const delivered = (records: number) =>
  agent.statusWhen(({ sources }) => sources[0]!.ledger.delivered >= records);

describe('delivered', () => {
  test('by line, offset, text and record uid, also after rotation', async () => {
    await agent.configure({ sources: [source], sinks: [archive] });
    await writeFile(input(), 'one\ntwo\nthree\n');
    await agent.start();
    await delivered(3);
    const { code, answer } = await where('--file', 'in/a.log', '--line', '2');
    expect(code).toBe(0);
    expect(answer).toMatchObject({
      verdict: 'delivered',
      basis: 'seen',
      source: 'app',
      file: input(),
      line: 2,
      offset: 4,
      sinks: [{ id: 'archive', state: 'delivered', attempts: 1 }],
    });
    expect(answer.stages.map(({ name }) => name)).toEqual(['read', 'queued', 'processed', 'done']);
    expect((await where('--id', answer.record_uid!)).answer).toMatchObject({ verdict: 'delivered', line: 2 });
    await rename(input(), input('a.log.1'));
    await writeFile(input(), 'four\n');
    await delivered(4);
    expect((await where('--file', 'in/a.log.1', '--offset', '9')).answer).toMatchObject({
      verdict: 'delivered',
      line: 3,
      source_id: input(),
    });
    expect((await where('--file', 'in/a.log', '--text', 'tw')).answer).toMatchObject({
      file: input('a.log.1'),
    });
    expect((await where('--text', 'four')).answer).toMatchObject({ file: input(), line: 1 });
  });

  test('in an earlier run, and how much is still known of that', async () => {
    await agent.configure({ sources: [source], sinks: [archive] });
    await writeFile(input(), 'one\n');
    await agent.start();
    await delivered(1);
    await agent.stop();
    await agent.start();
    await agent.statusWhen(({ sources }) => sources[0]!.streams[0]?.committed === 4);
    const { code, answer } = await where('--file', 'in/a.log', '--line', '1');
    expect([code, answer.verdict, answer.basis]).toEqual([0, 'delivered', 'committed']);
  });

  test('with its trace, by whose id it is found again', async () => {
    await agent.configure({ sources: [source], sinks: [archive], tracing: { mode: 'full-e2e' } });
    await writeFile(input(), 'one\ntwo\n');
    await agent.start();
    await delivered(2);
    const { answer } = await where('--file', 'in/a.log', '--line', '2');
    expect(answer.trace_id).toMatch(/^[0-9a-f]{32}$/);
    const trace = (await (await agent.get(`/api/traces/${answer.trace_id}`)).json()) as {
      traces: { spans: { attributes: Record<string, unknown> }[] }[];
    };
    expect(trace.traces[0]!.spans[0]!.attributes).toMatchObject({
      'log.offset': 4,
      'log.record.uid': answer.record_uid,
    });
    expect((await where('--id', answer.trace_id!)).answer).toMatchObject({ verdict: 'delivered', line: 2 });
  });

  test(
    'within a large file',
    async () => {
      await agent.configure({ sources: [source], sinks: [{ id: 'out', type: 'blackhole' }] });
      const lines = await writeLarge(input(), LARGE);
      await agent.start();
      await delivered(lines);
      const third = Math.floor(lines / 3);
      for (const place of [`line=${third}`, `text=${encodeURIComponent(`line ${third} `)}`]) {
        const started = performance.now();
        const answer = (await (await agent.get(`/api/where?file=${input()}&${place}`)).json()) as WhereResult;
        expect(answer).toMatchObject({ verdict: 'delivered', line: third });
        if (LARGE >= 2 ** 30) console.log(`${place}: ${Math.round(performance.now() - started)} ms`);
      }
    },
    LONG_MS,
  );
});

describe('in flight', () => {
  test('a sink is down: which has it, why not the other; --follow waits until it is up', async () => {
    let isUp = false;
    const loki = await LokiStub.start({
      treat: () => (isUp ? 'normal' : { status: 503, text: 'overloaded' }),
    });
    await agent.configure({
      sources: [source],
      sinks: [archive, { ...down, url: loki.url }],
      dispatcher: { retry: { initial: '50ms', max: '100ms' } },
    });
    await writeFile(input(), 'one\n');
    await agent.start();
    await agent.statusWhen(({ sinks }) => sinks[1]!.retries > 0);
    const { code, answer } = await where('--file', 'in/a.log', '--line', '1');
    expect(code).toBe(3);
    expect(answer).toMatchObject({
      verdict: 'in_flight',
      sinks: [
        { id: 'archive', state: 'delivered' },
        {
          id: 'loki',
          state: 'retrying',
          reason: expect.any(String),
          message: expect.stringContaining('503'),
        },
      ],
    });
    const following = where('--file', 'in/a.log', '--line', '1', '--follow');
    isUp = true;
    const followed = await following;
    expect([followed.code, followed.answer.verdict]).toEqual([0, 'delivered']);
    await agent.stop();
    await loki.stop();
  });
});

describe('in a disk buffer', () => {
  test('a log that cannot be read again: safe on disk; then delivered, and no doubt about it', async () => {
    let isUp = false;
    const loki = await LokiStub.start({
      treat: () => (isUp ? 'normal' : { status: 503, text: 'overloaded' }),
    });
    await agent.configure({
      sources: [{ id: 'web', type: 'http', listen: '127.0.0.1:0' }],
      sinks: [{ ...down, url: loki.url, buffer: { max_bytes: '16MiB' } }],
      dispatcher: { retry: { initial: '50ms', max: '100ms' } },
      tracing: { mode: 'full-e2e' },
    });
    await agent.start();
    const id = '4bf92f3577b34da6a3ce929d0e0e4736';
    const traceparent = `00-${id}-00f067aa0ba902b7-01`;
    const { status } = await new LogClient(agent).post('one\n', { traceparent });
    expect(status).toBe(200);
    const held = await where('--id', id);
    expect([held.code, held.answer.verdict]).toEqual([3, 'in_flight']);
    expect(held.answer.sinks).toMatchObject([{ id: 'loki', state: 'buffered' }]);
    isUp = true;
    await delivered(1);
    const { code, answer } = await where('--id', id);
    expect([code, answer.verdict, answer.basis]).toEqual([0, 'delivered', 'seen']);
    await agent.stop();
    await loki.stop();
  });
});

describe('not read yet', () => {
  test('how many bytes are ahead of it while its source waits for a sink', async () => {
    await agent.configure({
      sources: [source],
      sinks: [down],
      dispatcher: { memory: '4MiB', batch_bytes: '64KiB', batch_size: 1000 },
    });
    const lines = await writeLarge(input(), 16 * 2 ** 20);
    await agent.start();
    await agent.statusWhen(({ sources }) => sources[0]!.state === 'waiting');
    const { code, answer } = await where('--file', 'in/a.log', '--line', String(lines));
    expect(code).toBe(3);
    expect(answer.verdict).toBe('not_read_yet');
    expect(answer.ahead!.bytes).toBeGreaterThan(2 ** 20);
    expect(answer.explanation).toContain('app waits');
  });
});

describe('not delivered', () => {
  test('filtered: by which processor', async () => {
    const processors = [{ type: 'filter', drop: 'text contains "health"' }];
    await agent.configure({ sources: [{ ...source, processors }], sinks: [archive] });
    await writeFile(input(), 'GET /\nGET /health\nGET /cart\n');
    await agent.start();
    await agent.statusWhen(({ dispatcher }) => dispatcher.records_done === 3);
    const { code, answer } = await where('--file', 'in/a.log', '--text', 'health');
    expect([code, answer.verdict]).toEqual([4, 'filtered']);
    expect(answer.explanation).toBe(
      'filter (drop: text contains "health") of app removed it. It was sent nowhere.',
    );
    expect((await where('--file', 'in/a.log', '--line', '3')).answer.verdict).toBe('delivered');
  });

  const refuse = ({ line }: Entry) => (line.includes('bad') ? 'entry too far behind' : undefined);

  test('dead-lettered: a sink refused it, and where its bytes are kept, also after a restart', async () => {
    const loki = await LokiStub.start({ refuse });
    await agent.configure({ sources: [source], sinks: [archive, { ...down, url: loki.url }] });
    await writeFile(input(), 'good\nbad\nfine\n');
    await agent.start();
    await agent.statusWhen(({ dispatcher }) => dispatcher.records_done === 3);
    const { code, answer } = await where('--file', 'in/a.log', '--text', 'bad');
    expect([code, answer.verdict, answer.basis]).toEqual([4, 'dead_lettered', 'seen']);
    expect(answer.sinks).toMatchObject([
      { id: 'archive', state: 'delivered' },
      { id: 'loki', state: 'dead_lettered', reason: 'too_old' },
    ]);
    const [letter] = answer.dead_letters!;
    const lines = (await readFile(letter!.file, 'utf8')).split('\n');
    expect(JSON.parse(lines[letter!.line - 1]!)).toMatchObject({ text: 'bad', uid: answer.record_uid });
    expect((await where('--file', 'in/a.log', '--text', 'fine')).answer.verdict).toBe('delivered');
    await agent.stop();
    await agent.start();
    await agent.statusWhen(({ sources }) => sources[0]!.streams[0]?.committed === 14);
    expect((await where('--file', 'in/a.log', '--text', 'bad')).answer).toMatchObject({
      verdict: 'dead_lettered',
      basis: 'committed',
      dead_letters: [{ sink: 'loki' }],
    });
    await agent.stop();
    await loki.stop();
  });

  test('dead-lettered and then sent again: delivered', async () => {
    let isStrict = true;
    const loki = await LokiStub.start({ refuse: (entry) => (isStrict ? refuse(entry) : undefined) });
    await agent.configure({ sources: [source], sinks: [{ ...down, url: loki.url }] });
    await writeFile(input(), 'good\nbad\nbad as well\n');
    await agent.start();
    await agent.statusWhen(({ dispatcher }) => dispatcher.records_done === 3);
    expect((await where('--file', 'in/a.log', '--line', '2')).answer.verdict).toBe('dead_lettered');
    isStrict = false;
    await promisify(execFile)(LAUNCHER, ['dead-letters', 'replay', '--config', 'config.yaml'], {
      cwd: agent.dir,
    });
    const { code, answer } = await where('--file', 'in/a.log', '--line', '2');
    expect([code, answer.verdict]).toEqual([0, 'delivered']);
    expect(answer.explanation).toContain('sent again from the dead letters, and taken');
    await agent.stop();
    await loki.stop();
  });

  test('dropped: a sink refused it where nothing keeps it', async () => {
    const loki = await LokiStub.start({ refuse });
    await agent.configure({
      sources: [source],
      sinks: [{ ...down, url: loki.url }],
      dead_letters: { enabled: false },
    });
    await writeFile(input(), 'good\nbad\nfine\n');
    await agent.start();
    await agent.statusWhen(({ dispatcher }) => dispatcher.records_done === 3);
    const { code, answer } = await where('--file', 'in/a.log', '--text', 'bad');
    expect([code, answer.verdict]).toEqual([4, 'dropped']);
    expect(answer.explanation).toContain('1 log was dropped for this reason since start');
    await agent.stop();
    await loki.stop();
  });
});

describe('unknown', () => {
  test('no source reads the file; it has no such line; it was there before', async () => {
    await writeFile(input(), 'old\n');
    await agent.configure({ sources: [{ ...source, start_at: 'end' }], sinks: [archive] });
    await agent.start();
    await agent.statusWhen(({ sources }) => sources[0]!.streams.length === 1);
    await appendFile(input(), 'new\n');
    await delivered(1);
    const cases = [
      [['--file', '/etc/hostname', '--line', '1'], 'not_tailed'],
      [['--file', 'in/a.log', '--line', '3'], 'not_found'],
      [['--file', 'in/a.log', '--line', '1'], 'skipped'],
      [['--id', 'f'.repeat(32)], 'no_trace'],
    ] as const;
    for (const [args, basis] of cases) {
      const { code, answer } = await where(...args);
      expect([code, answer.verdict, answer.basis]).toEqual([5, 'unknown', basis]);
    }
    expect((await where('--file', 'in/a.log', '--line', '2')).answer.verdict).toBe('delivered');
  });
});

/** Numbered lines of about 100 bytes. @returns how many. */
async function writeLarge(path: string, bytes: number): Promise<number> {
  const file = await open(path, 'w');
  let lines = 0;
  for (let written = 0; written < bytes; ) {
    let text = '';
    for (let i = 0; i < 10_000; i++) text += `line ${++lines} ${'x'.repeat(88)}\n`;
    written += (await file.write(text)).bytesWritten;
  }
  await file.close();
  return lines;
}
