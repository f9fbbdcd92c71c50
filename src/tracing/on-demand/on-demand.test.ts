import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../component/fake-clock.ts';
import { loggerOf, settingsOf, streamOf } from '../decision/decision.fixture.ts';
import { OnDemandRules } from './on-demand.ts';
import { ruleRequestSchema } from './on-demand-request.ts';

const MINUTE = 60_000;
const EPOCH = 1_700_000_000_000;

let stateDir: string;
const open: OnDemandRules[] = [];

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'log-capturer-rules-'));
});

afterEach(async () => {
  for (const rules of open.splice(0)) await rules.close();
  await rm(stateDir, { recursive: true });
});

/** An agent's rules; its clock shows `wall` when it starts. */
async function start(options: { wall?: number; section?: object } = {}) {
  const clock = new FakeClock({ epoch: options.wall ?? EPOCH });
  const lines: string[] = [];
  const { onDemand: settings } = settingsOf({ on_demand: options.section ?? {} });
  const rules = new OnDemandRules({ settings, clock, log: loggerOf(lines), stateDir });
  open.push(rules);
  await rules.load();
  const enable = (body: object) => rules.enable(ruleRequestSchema.parse(body));
  const rateOf = (id: string, source = 'app') => rules.match(streamOf(id, source))?.rate;
  return { clock, rules, enable, rateOf, lines };
}

describe('Enable', () => {
  test('Enable: answers with what is in force', async () => {
    const { enable, rules } = await start();
    const status = enable({ source_id: 'app', rate: 0.5, duration: '10m', note: 'OPS-1', max_traces: 9 });
    expect(status).toEqual({
      source_id: 'app',
      rate: 0.5,
      created_at: new Date(EPOCH).toISOString(),
      expires_at: new Date(EPOCH + 10 * MINUTE).toISOString(),
      remaining: '10m',
      remaining_seconds: 600,
      traces: 0,
      max_traces: 9,
      note: 'OPS-1',
    });
    expect(rules.list()).toEqual([status]);
    expect(rules.size).toBe(1);
  });

  test('Enable: without a duration takes default_duration', async () => {
    const { enable } = await start({ section: { default_duration: '3m' } });
    expect(enable({ source_id: 'app' }).remaining_seconds).toBe(180);
  });

  test('Enable: what remains is no second more than asked for, whatever the clock shows', async () => {
    const { enable, clock } = await start();
    // Adding ten minutes to this reading and taking it off again leaves more than ten minutes.
    const reading = 4_000_000.002;
    expect(reading + 10 * MINUTE - reading).toBeGreaterThan(10 * MINUTE);
    await clock.advance(reading);
    expect(enable({ source_id: 'app', duration: '10m' })).toMatchObject({
      remaining: '10m',
      remaining_seconds: 600,
    });
  });

  test('Enable: again replaces rate, time and count', async () => {
    const { enable, rules, clock, rateOf } = await start();
    enable({ source_id: 'app', rate: 0.1, duration: '1m', max_traces: 5 });
    rules.match(streamOf())!.spent(4);
    await clock.advance(50_000);
    enable({ source_id: 'app', rate: 0.2, duration: '1m' });
    await clock.advance(59_000);
    expect(rateOf('/x')).toBe(0.2);
    expect(rules.list()).toMatchObject([{ traces: 0, remaining: '1s' }]);
  });

  test('Enable: more than max_rules are refused, replacing is not', async () => {
    const { enable } = await start({ section: { max_rules: 2 } });
    enable({ source_id: 'a' });
    enable({ source_id: 'b' });
    expect(() => enable({ source_id: 'c' })).toThrow(
      expect.objectContaining({ name: 'RuleRefusedError', kind: 'too_many' }),
    );
    expect(enable({ source_id: 'b', rate: 0 }).rate).toBe(0);
  });

  test('Enable: a rule that has expired makes room', async () => {
    const { enable, clock } = await start({ section: { max_rules: 1 } });
    enable({ source_id: 'a', duration: '1m' });
    await clock.advance(MINUTE);
    expect(enable({ source_id: 'b' }).source_id).toBe('b');
  });

  test('Enable: refused while on_demand is not enabled, and rules in force rest', async () => {
    const { enable, rules, rateOf } = await start();
    enable({ source_id: 'app' });
    rules.update(settingsOf({ on_demand: { enabled: false } }).onDemand);
    expect(rateOf('/x')).toBeUndefined();
    expect(rules.size).toBe(0);
    expect(() => enable({ source_id: 'b' })).toThrow(expect.objectContaining({ kind: 'disabled' }));
  });
});

describe('Disable', () => {
  test('Disable: ends the rule', async () => {
    const { enable, rules, rateOf } = await start();
    enable({ source_id: 'app' });
    const before = rules.version;
    expect(rules.disable('app')).toBe(true);
    expect(rateOf('/x')).toBeUndefined();
    expect(rules.version).toBeGreaterThan(before);
  });

  test('Disable: says when there is no such rule', async () => {
    const { enable, rules } = await start();
    enable({ source_id: '/var/*' });
    expect(rules.disable('/var/log')).toBe(false);
  });
});

describe('Expiration', () => {
  test('Expiration: ends on the monotonic clock, to the millisecond', async () => {
    const { enable, rules, clock, rateOf, lines } = await start();
    enable({ source_id: 'app', duration: '1m' });
    await clock.advance(MINUTE - 1);
    expect(rateOf('/x')).toBe(1);
    await clock.advance(1);
    expect(rateOf('/x')).toBeUndefined();
    expect(rules.list()).toEqual([]);
    expect(lines).toEqual(['an on-demand tracing rule has expired']);
  });

  test('Expiration: needs no timer when someone asks', async () => {
    const { enable, rules, rateOf } = await start();
    enable({ source_id: 'a', duration: '1m' });
    enable({ source_id: 'b', duration: '2m' });
    expect(rules.nextExpiryAt).toBe(MINUTE);
    rules.expire(MINUTE);
    expect([rateOf('a'), rateOf('b')]).toEqual([undefined, 1]);
    expect(rules.nextExpiryAt).toBe(2 * MINUTE);
  });

  test('Expiration: lists the one that ends first in front', async () => {
    const { enable, rules, clock } = await start();
    enable({ source_id: 'late', duration: '2h' });
    enable({ source_id: 'soon', duration: '1m' });
    await clock.advance(1500);
    expect(rules.list().map(({ source_id, remaining }) => [source_id, remaining])).toEqual([
      ['soon', '59s'],
      ['late', '1h59m59s'],
    ]);
  });

  test('Expiration: after max_traces, at once', async () => {
    const { enable, rules, rateOf } = await start();
    enable({ source_id: 'app', max_traces: 10 });
    const rule = rules.match(streamOf())!;
    rule.spent(9);
    expect(rule.remainingTraces).toBe(1);
    rule.spent(1);
    expect(rateOf('/x')).toBeUndefined();
    rule.spent(1);
    expect(rule.remainingTraces).toBe(0);
  });

  test('Expiration: traces of a rule that was replaced do not end its successor', async () => {
    const { enable, rules, rateOf } = await start();
    enable({ source_id: 'app', max_traces: 10 });
    const old = rules.match(streamOf())!;
    enable({ source_id: 'app', max_traces: 10 });
    old.spent(10);
    expect(rateOf('/x')).toBe(1);
  });
});

describe('match', () => {
  test('an exact id goes before the configured source, that before a glob', async () => {
    const { enable, rateOf } = await start();
    enable({ source_id: '/var/*', rate: 1 });
    expect(rateOf('/var/a')).toBe(1);
    enable({ source_id: 'app', rate: 0.5 });
    expect(rateOf('/var/a')).toBe(0.5);
    enable({ source_id: '/var/a', rate: 0 });
    expect([rateOf('/var/a'), rateOf('/var/b'), rateOf('/var/b', 'other')]).toEqual([0, 0.5, 1]);
  });

  test('among equals the highest rate decides', async () => {
    const { enable, rateOf } = await start();
    enable({ source_id: '/var/*', rate: 0.1 });
    enable({ source_id: '/var/a*', rate: 0.3 });
    enable({ source_id: '/**', rate: 0.2 });
    expect(rateOf('/var/a')).toBe(0.3);
  });

  test('gives the test of the log and the note', async () => {
    const { enable, rules } = await start();
    enable({ source_id: 'app', where: { contains: 'x' }, note: 'OPS-1' });
    const rule = rules.match(streamOf())!;
    expect(rule.note).toBe('OPS-1');
    expect([rule.where!('axb', 0), rule.where!('ab', 0)]).toEqual([true, false]);
    expect(rule.remainingTraces).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('restart', () => {
  const body = {
    source_id: 'app',
    rate: 0.5,
    duration: '10m',
    note: 'OPS-1',
    max_traces: 100,
    where: { level: 'error' },
  };

  /** Enables a rule, lets it run for four minutes, and starts again with the wall clock at `wall`. */
  async function restart(wall: number) {
    const first = await start();
    first.enable(body);
    first.rules.match(streamOf())!.spent(40);
    await first.clock.advance(4 * MINUTE);
    await first.rules.close();
    return start({ wall });
  }

  test('a rule goes on with what it had left, less the time the agent was down', async () => {
    const { rules } = await restart(EPOCH + 5 * MINUTE);
    expect(rules.list()).toMatchObject([
      {
        source_id: 'app',
        rate: 0.5,
        remaining: '5m',
        traces: 40,
        max_traces: 100,
        note: 'OPS-1',
        where: { level: 'error' },
        created_at: new Date(EPOCH).toISOString(),
      },
    ]);
    expect(rules.match(streamOf())!.where!('x', 17)).toBe(true);
  });

  test('a rule whose time passed while the agent was down is over', async () => {
    const { rules } = await restart(EPOCH + 11 * MINUTE);
    expect(rules.list()).toEqual([]);
  });

  test('a clock set back does not prolong it', async () => {
    const { rules } = await restart(EPOCH - 3600e3);
    expect(rules.list()).toMatchObject([{ remaining: '6m' }]);
  });

  test('it expires in the new run too', async () => {
    const { rules, clock } = await restart(EPOCH + 5 * MINUTE);
    await clock.advance(5 * MINUTE);
    expect(rules.size).toBe(0);
  });

  test('what a crash may add is bounded: rules in force are written again and again', async () => {
    const first = await start();
    first.enable(body);
    await first.clock.advance(4 * MINUTE);
    await first.rules.flush();
    const { rules } = JSON.parse(await readFile(join(stateDir, 'tracing-rules.json'), 'utf8'));
    expect(rules[0].remaining_ms).toBe(6 * MINUTE);
  });

  test('a rule that was disabled stays so', async () => {
    const first = await start();
    first.enable(body);
    first.rules.disable('app');
    await first.rules.close();
    expect((await start()).rules.size).toBe(0);
  });

  test.each([
    '{"version":1,"rul',
    '{"version":2,"rules":[]}',
    '{"version":1,"rules":[{"request":{"source_id":"a","rate":7}}]}',
  ])('a damaged file is set aside and does not stop the agent: %s', async (content) => {
    await writeFile(join(stateDir, 'tracing-rules.json'), content);
    const { rules, lines, enable } = await start();
    expect(rules.size).toBe(0);
    expect(lines).toEqual([expect.stringContaining('damaged')]);
    const aside = (await readdir(stateDir)).find((name) => name.startsWith('tracing-rules.json.damaged-'));
    expect(await readFile(join(stateDir, aside!), 'utf8')).toBe(content);
    expect(enable({ source_id: 'app' }).source_id).toBe('app');
  });

  test('a folder that cannot be written leaves rules in force and is said', async () => {
    const clock = new FakeClock();
    const lines: string[] = [];
    const rules = new OnDemandRules({
      settings: settingsOf().onDemand,
      clock,
      log: loggerOf(lines),
      stateDir: join(stateDir, 'missing'),
    });
    await rules.load();
    rules.enable(ruleRequestSchema.parse({ source_id: 'app' }));
    await expect(rules.close()).rejects.toThrow('ENOENT');
    expect(rules.size).toBe(1);
    expect(lines).toEqual([expect.stringContaining('cannot be written')]);
  });

  test('closing ends all timers', async () => {
    const { rules, enable, clock } = await start();
    enable({ source_id: 'app' });
    expect(clock.timers).toBe(2);
    await rules.close();
    expect(clock.timers).toBe(0);
  });
});
