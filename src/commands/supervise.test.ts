import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { FakeClock } from '../component/fake-clock.ts';
import { type Supervised, supervise } from './supervise.ts';

interface Options {
  /** How start and stop end; both succeed unless said otherwise. */
  start?: Promise<void>;
  stop?: Promise<void>;
  onTerminal?: boolean;
}

/** An agent that stops when told to, in surroundings that write down what happens. */
function setUp(options: Options = {}) {
  const happened: string[] = [];
  const finished = Promise.withResolvers<void>();
  finished.promise.catch(() => {});
  const agent: Supervised = {
    start: () => options.start ?? Promise.resolve(),
    finished: finished.promise,
    stop() {
      happened.push('stop');
      const stopped = options.stop ?? Promise.resolve();
      stopped.then(finished.resolve, finished.reject);
      return stopped;
    },
    async reload(trigger) {
      happened.push(`reload: ${trigger}`);
    },
  };
  const note = (level: string) => (_fields: object, message: string) => happened.push(`${level}: ${message}`);
  const events = new EventEmitter();
  const clock = new FakeClock();
  const running = Promise.withResolvers<void>();
  const code = supervise(agent, {
    log: {
      debug: note('debug'),
      info: note('info'),
      warn: note('warn'),
      error: note('error'),
      fatal: note('fatal'),
    },
    clock,
    events,
    exit: (exitCode) => happened.push(`exit ${exitCode}`),
    onTerminal: options.onTerminal ?? false,
    stopWithinMs: () => 15_000,
    whileRunning() {
      happened.push('running');
      running.resolve();
      return () => happened.push('stopped');
    },
  });
  return { agent, events, clock, code, happened, running: running.promise, finish: finished.resolve };
}

test('an agent whose sources are all done ends with 0', async () => {
  const { code, finish, happened } = setUp();
  finish();
  expect(await code).toBe(0);
  expect(happened).toEqual(['running', 'stopped']);
});

test.each(['SIGINT', 'SIGTERM'])('%s drains, then ends with 0', async (signal) => {
  const { code, events, happened, running } = setUp();
  await running;
  events.emit(signal, signal);
  expect(await code).toBe(0);
  expect(happened).toEqual([
    'running',
    'info: stopping: delivering what was read; a second signal leaves at once',
    'stop',
    'stopped',
  ]);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
])('a second signal, %s, leaves at once with %d', async (signal, exitCode) => {
  const never = new Promise<void>(() => {});
  const { events, happened, running } = setUp({ stop: never });
  await running;
  events.emit('SIGTERM', 'SIGTERM');
  events.emit(signal, signal);
  expect(happened).toContain(`exit ${exitCode}`);
});

test('SIGHUP of a service manager reloads the configuration', async () => {
  const { code, events, happened, running, finish } = setUp();
  await running;
  events.emit('SIGHUP', 'SIGHUP');
  await Promise.resolve();
  expect(happened).toEqual(['running', 'reload: signal']);
  finish();
  expect(await code).toBe(0);
});

test('SIGHUP of a terminal that is gone drains, then ends with 0', async () => {
  const { code, events, happened, running } = setUp({ onTerminal: true });
  await running;
  events.emit('SIGHUP', 'SIGHUP');
  expect(await code).toBe(0);
  expect(happened).toContain('stop');
});

test('SIGHUP while stopping does not cut the draining short', async () => {
  const { events, happened, running } = setUp({ onTerminal: true, stop: new Promise<void>(() => {}) });
  await running;
  events.emit('SIGTERM', 'SIGTERM');
  const before = [...happened];
  events.emit('SIGHUP', 'SIGHUP');
  expect(happened).toEqual(before);
});

test('a signal during the start waits for its end, then stops', async () => {
  const start = Promise.withResolvers<void>();
  const { code, events, happened } = setUp({ start: start.promise });
  events.emit('SIGINT', 'SIGINT');
  expect(happened).not.toContain('stop');
  start.resolve();
  expect(await code).toBe(0);
  expect(happened).toContain('stop');
});

test('an agent that cannot start ends with 1 and says so', async () => {
  const { code, happened } = setUp({ start: Promise.reject(new Error('port in use')) });
  expect(await code).toBe(1);
  expect(happened).toEqual(['error: cannot run']);
});

test('an agent that cannot stop cleanly ends with 1', async () => {
  const { code, events, happened, running } = setUp({ stop: Promise.reject(new Error('disk full')) });
  await running;
  events.emit('SIGINT', 'SIGINT');
  expect(await code).toBe(1);
  expect(happened).toContain('error: did not stop cleanly');
});

test.each(['uncaughtException', 'unhandledRejection'])(
  '%s is fatal: it stops the agent and ends with 1',
  async (fault) => {
    const { code, events, happened, running } = setUp();
    await running;
    events.emit(fault, new Error('bug'));
    expect(await code).toBe(1);
    expect(happened).toContain('fatal: a fault of log-capturer itself; please report it');
    expect(happened).toContain('stop');
  },
);

test('stopping that takes too long is ended by force', async () => {
  const { clock, events, happened, running } = setUp({ stop: new Promise<void>(() => {}) });
  await running;
  events.emit('SIGTERM', 'SIGTERM');
  await clock.advance(14_999);
  expect(happened).not.toContain('exit 1');
  await clock.advance(1);
  expect(happened).toContain('exit 1');
});

test('signals are its own business only while it runs', async () => {
  const { code, events, finish } = setUp();
  finish();
  await code;
  expect(events.eventNames()).toEqual([]);
});
