import { expect, test } from 'vitest';
import { RecordingLog } from '../../test/fixtures/pipeline.ts';
import { FakeClock } from '../component/fake-clock.ts';
import type { ConfigChange } from '../component/status.ts';
import { ConfigError } from './problem.ts';
import { Reloader } from './reloader.ts';
import type { Config } from './schema.ts';

const UPDATED: ConfigChange = { path: 'tracing.mode', action: 'updated' };
const LATER: ConfigChange = { path: 'server.port', action: 'restart_required' };

function setUp(options: { load?: () => Promise<Config>; apply?: () => Promise<ConfigChange[]> } = {}) {
  const clock = new FakeClock();
  const log = new RecordingLog();
  const reloader = new Reloader({
    file: 'c.yaml',
    clock,
    log,
    load: options.load ?? (async () => ({}) as Config),
    apply: options.apply ?? (async () => [UPDATED]),
  });
  const said = () => log.lines.map(({ level, message }) => `${level}: ${message}`);
  return { clock, log, reloader, said };
}

test('what was applied is in the result, the status and the log', async () => {
  const { clock, log, reloader } = setUp();
  await clock.advance(5000);
  const { result } = await reloader.reload('watch');
  expect(result).toEqual({
    result: 'applied',
    trigger: 'watch',
    at: '2023-11-14T22:13:25.000Z',
    changes: [UPDATED],
    took_ms: 0,
  });
  expect(reloader.status()).toEqual({
    file: 'c.yaml',
    loaded_at: result.at,
    last_reload: result,
    reloads: { applied: 1, unchanged: 0, refused: 0 },
  });
  expect(log.lines).toMatchObject([{ level: 'info', fields: { changes: ['tracing.mode updated'] } }]);
});

test('nothing to apply is said, and so is what needs a restart', async () => {
  const { reloader, said, log } = setUp({ apply: async () => [LATER] });
  expect((await reloader.reload('signal')).result).toMatchObject({ result: 'unchanged', changes: [LATER] });
  expect(said()).toEqual([
    'info: configuration read again: nothing to apply',
    'warn: changes that take effect only when the agent is started anew',
  ]);
  expect(log.lines[1]!.fields).toMatchObject({ keys: ['server.port'] });
});

test('a file that is wrong is refused with every fault, and the time of reading stays', async () => {
  const faults = [
    { file: 'c.yaml', line: 1, column: 2, path: ['a'], message: 'wrong' },
    { file: 'c.yaml', line: 3, column: 4, path: [], message: 'as well' },
  ];
  const { clock, reloader, said } = setUp({ load: () => Promise.reject(new ConfigError(faults)) });
  const before = reloader.status().loaded_at;
  await clock.advance(1000);
  const { result, problems } = await reloader.reload('api');
  expect(result).toMatchObject({
    result: 'refused',
    changes: [],
    problems: ['c.yaml:1:2: a: wrong', 'c.yaml:3:4: as well'],
  });
  expect(problems).toEqual(faults);
  expect(reloader.status().loaded_at).toBe(before);
  expect(said()).toEqual(['error: the configuration is refused, going on as before']);
});

test('a part that refuses its configuration has the reload refused with its words', async () => {
  const { reloader } = setUp({ apply: () => Promise.reject(new Error('sink x: no such file')) });
  expect((await reloader.reload('api')).result).toMatchObject({
    result: 'refused',
    problems: ['sink x: no such file'],
  });
});

test('one at a time: of those that come meanwhile one follows, with what the file holds then', async () => {
  const happened: string[] = [];
  const gates: (() => void)[] = [];
  let content = 'first';
  const { reloader } = setUp({
    load: async () => {
      happened.push(`load ${content}`);
      return {} as Config;
    },
    apply: () => new Promise((resolve) => gates.push(() => resolve([]))),
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const first = reloader.reload('api');
  await turn();
  const second = reloader.reload('signal');
  const third = reloader.reload('watch');
  content = 'second';
  expect(happened).toEqual(['load first']);
  gates.shift()!();
  await first;
  await turn();
  gates.shift()!();
  expect(await third).toBe(await second);
  expect(happened).toEqual(['load first', 'load second']);
  expect(reloader.status().reloads.unchanged).toBe(2);
});

test('after a refused one the next is tried as ever', async () => {
  let isBroken = true;
  const { reloader } = setUp({
    apply: async () => {
      if (isBroken) throw new Error('no');
      return [UPDATED];
    },
  });
  await reloader.reload('api');
  isBroken = false;
  expect((await reloader.reload('api')).result.result).toBe('applied');
});
