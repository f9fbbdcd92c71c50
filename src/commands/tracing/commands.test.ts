import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TracingRig } from '../../../test/fixtures/tracing.ts';
import { sampleStatus } from '../../component/sample-status.ts';
import { buildServer } from '../../http/server.ts';
import type { Server } from '../../http/server-type.ts';
import { runProgram } from '../program.ts';
import { patchOf } from './commands.ts';

let rig: TracingRig;
let server: Server;
let url: string;
let out: string;
let err: string;

beforeEach(async () => {
  rig = new TracingRig({ observers: [{ sealed: (batch) => rig.tracing.rates.sealed(batch) }] });
  const stream = { ...sampleStatus.sources[0]!.streams[0]!, id: '/var/log/a.log' };
  server = buildServer({
    log: rig.log,
    status: () => ({
      ...sampleStatus,
      sources: [{ ...sampleStatus.sources[0]!, id: 'a', streams: [stream] }],
    }),
    metrics: { render: async () => ({ contentType: 'text/plain', body: '' }) },
    tracing: rig.tracing,
    now: () => rig.clock.toEpoch(rig.clock.now()),
  });
  url = await server.listen({ host: '127.0.0.1', port: 0 });
  out = '';
  err = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += String(text);
    return true;
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await server.close();
});

/** Runs `log-capturer tracing …` against the server. @returns the exit code. */
function tracing(...args: string[]): Promise<number> {
  out = '';
  err = '';
  return runProgram(['tracing', ...args, '--url', url]);
}

const json = () => JSON.parse(out);

test('a rule is enabled, listed and ended', async () => {
  const rule = [
    '--rate',
    '0.5',
    '--duration',
    '5m',
    '--contains',
    'GET',
    '--max-traces',
    '9',
    '--note',
    'OPS-1',
  ];
  expect(await tracing('enable', 'a', ...rule)).toBe(0);
  expect(out).toBe(
    'a is traced at rate 0.5 for 5m, until 2026-11-22T18:10:11.000Z.\nIt names:\n  a\n  /var/log/a.log\n',
  );
  expect(await tracing('rules')).toBe(0);
  expect(out).toBe(
    'SOURCE  RATE  REMAINS  TRACES  WHERE          NOTE\n' +
      'a        0.5       5m  0 of 9  contains: GET  OPS-1\n',
  );
  expect(await tracing('disable', 'a')).toBe(0);
  expect(out).toBe('the rule for a has ended\n');
  await tracing('rules');
  expect(out).toBe('No rules are in force.\n');
});

test.each([
  ['./x.log', `${process.cwd()}/x.log`],
  ['logs/../x.log', `${process.cwd()}/x.log`],
  ['logs/*.log', `${process.cwd()}/logs/*.log`],
  ['/var/log/**/*.log', '/var/log/**/*.log'],
  ['**/x.log', '**/x.log'],
  ['nginx', 'nginx'],
])('%s is named as the agent knows it', async (text, sourceId) => {
  await tracing('enable', text, '--json');
  expect(json().source_id).toBe(sourceId);
});

test('the mode is shown, changed, changed for a while, and reset', async () => {
  await tracing('mode');
  expect(out).toBe('hybrid\n');
  await tracing('mode', 'full-e2e');
  expect(out).toBe('full-e2e (changed at run time; configured: hybrid)\n');
  await tracing('mode', 'off', '--duration', '1m');
  expect(out).toBe('off until 2026-11-22T18:06:11.000Z, then hybrid\n');
  await tracing('mode');
  expect(out).toBe('off until 2026-11-22T18:06:11.000Z, then hybrid\n');
  expect(await tracing('mode', '--reset')).toBe(0);
  expect(out).toBe('hybrid\n');
});

test('settings are shown, changed and reset', async () => {
  await tracing('settings', 'log_tracing_rate=0.25', 'tail.slow=250ms', 'tail.enabled=false');
  expect(out).toMatch(/^log_tracing_rate +0\.25 +0$/m);
  expect(out).toMatch(/^tail\.slow +250ms +1s$/m);
  expect(out).toMatch(/^tail\.max_per_second +10$/m);
  await tracing('settings', '--reset', 'tail.slow');
  expect(out).toMatch(/^tail\.slow +1s$/m);
  expect(out).toMatch(/^tail\.enabled +false +true$/m);
  await tracing('settings', '--reset', '--json');
  expect(json().overrides).toEqual({});
});

test('the status names what was changed, why logs were traced, and rules', async () => {
  await tracing('settings', 'log_tracing_rate=1');
  await tracing('enable', 'b', '--rate', '0');
  await rig.deliver(['one', 'two']);
  expect(await tracing('status')).toBe(0);
  expect(out).toMatch(/^mode +hybrid$/m);
  expect(out).toMatch(/^changed +log_tracing_rate is 1 \(configured: 0\)$/m);
  expect(out).toMatch(/^rate +100 % of logs/m);
  expect(out).toMatch(/^traced +2 logs, base_rate 2$/m);
  expect(out).toMatch(/^b +0 +10m +0$/m);
});

test('explain says what decides and what a rule would cost', async () => {
  await rig.deliver(['one']);
  expect(await tracing('explain', 'a', '--rate', '0.5', '--sample', 'x')).toBe(0);
  expect(out).toMatch(/^\/var\/log\/a\.log: not traced$/m);
  expect(out).toMatch(/^base_rate +DECIDES +tracing\.log_tracing_rate is 0$/m);
  expect(out).toContain('A rule of rate 0.5 for 10m would cost');
  expect(out).toContain('Note: too little was traced');
});

test('traces are listed, and one is shown with its spans', async () => {
  await tracing('traces');
  expect(out).toBe('No traces.\n');
  await tracing('mode', 'full-e2e');
  await tracing('settings', 'log_spans=waterfall');
  await rig.deliver(['one']);
  await tracing('traces', '--source', 'a', '--min-duration', '100ms');
  const [, id] = /^([0-9a-f]{32}) .*250 ms +3 +mode +delivered +\/var\/log\/a\.log$/m.exec(out)!;
  expect(await tracing('trace', id!)).toBe(0);
  expect(out).toMatch(/^log\.process +250 ms +█{32}$/m);
  expect(out).toMatch(/^ {2}dispatcher\.queue +200 ms +█{26}$/m);
  expect(out).toMatch(/^ {2}sink\.out\.send +50 ms +█{6}$/m);
  expect(out).toContain('In the batch\n');
});

test('a compact span is shown with its stages, each after how long', async () => {
  await tracing('mode', 'full-e2e');
  await rig.deliver(['one']);
  await tracing('traces');
  const [id] = /^[0-9a-f]{32}/m.exec(out)!;
  await tracing('trace', id);
  expect(out).toMatch(/^log\.process +250 ms +█{32}$/m);
  expect(out).toMatch(/^ {2}dispatched +\+200 ms +◆$/m);
  expect(out).toMatch(/^ {2}sent out +\+250 ms +◆$/m);
});

describe('what goes wrong is told, and the exit code says so', () => {
  test.each([
    [['enable', 'a', '--rate', '1e-400'], 2, '--rate: expected a number'],
    [['enable', ' '], 2, 'source_id: expected the id of a source'],
    [['enable', 'a', '--rate', 'much'], 2, '--rate: expected a number from 0 (mute) to 1 (every log)'],
    [['enable', 'a', '--duration', '1s'], 2, '--duration: '],
    [['enable', '['], 2, 'log-capturer: source_id: '],
    [['disable', 'nobody'], 1, 'No rule in force was enabled with this source_id'],
    [['mode', 'loud'], 2, 'log-capturer: mode: '],
    [['settings', 'log_tracing_rat=1'], 2, 'unknown; accepted: log_tracing_rate'],
    [['settings', 'foo=1'], 2, 'log-capturer: foo: unknown; accepted: '],
    [['traces', '--limit', '0'], 2, '--limit: '],
    [['trace', 'f'.repeat(32)], 1, 'Nothing of this trace is remembered'],
  ])('%j: %i', async (args, code, message) => {
    expect(await tracing(...args)).toBe(code);
    expect(err).toMatch(/^log-capturer: /);
    expect(err).toContain(message);
    expect(out).toBe('');
  });

  test('rules in another mode', async () => {
    rig.tracing.setMode('off');
    expect(await tracing('enable', 'a')).toBe(1);
    expect(err).toContain('Rules work only in mode hybrid, and tracing is in mode off');
  });

  test('no agent there', async () => {
    await server.close();
    expect(await tracing('status')).toBe(1);
    expect(err).toContain(`no agent answers at ${url}`);
  });

  test.each([
    [['mode', 'off', '--reset'], 'give either a mode or --reset'],
    [['mode', '--duration', '5m'], '--duration needs a mode'],
    [['settings', 'tail.slow'], 'tail.slow: expected KEY=VALUE'],
    [['settings', '--reset', 'tail.slow=1s'], 'expected a key without a value'],
    [['enable'], "missing required argument 'source_id'"],
    [['stats'], "unknown command 'stats'"],
  ])('%j is wrong usage', async (args, message) => {
    expect(await tracing(...args)).toBe(2);
    expect(err).toContain(message);
  });
});

test('help of each command is answered', async () => {
  for (const name of ['status', 'enable', 'settings', 'explain', 'traces']) {
    expect(await runProgram(['tracing', name, '--help'])).toBe(0);
  }
  expect(out).toContain('Usage: log-capturer tracing explain');
});

test.each([
  [['a=1'], { a: 1 }],
  [['a.b=true', 'a.c=x=y', 'd'], { a: { b: true, c: 'x=y' }, d: null }],
  [['a=', 'b=1e-3'], { a: '', b: 0.001 }],
  [['__proto__.x=1'], { ['__proto__']: { x: 1 } }],
])('%j as a patch', (changes, expected) => {
  expect(JSON.stringify(patchOf(changes))).toBe(JSON.stringify(expected));
  expect({}).not.toHaveProperty('x');
});
