import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { FakeClock } from '../../component/fake-clock.ts';
import type { Intake, SourceContext, SourceSpec, SourceStatus } from '../../component/source.ts';
import { demoSource } from './index.ts';
import { TICK_MS } from './traffic.ts';

let stateDir: string;
let clock: FakeClock;
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'demo-source-'));
  clock = new FakeClock();
});
afterEach(() => rm(stateDir, { recursive: true, force: true }));

const context = () => ({ id: 'demo', stateDir, clock, labels: { a: 'b' } }) as unknown as SourceContext;
const intake = {} as Intake;

const untilAborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

/** A tailing source that records how it was used. */
function fakeTail(run: (intake: Intake, signal: AbortSignal) => Promise<void>) {
  const seen: { config?: unknown; context?: SourceContext; intake?: Intake } = {};
  const status: SourceStatus = { state: 'running', streams: [], details: { files: 3 } };
  const spec: SourceSpec = {
    rereadable: true,
    type: 'file',
    summary: '',
    schema: z.strictObject({ include: z.array(z.string()), start_at: z.enum(['beginning', 'end']) }),
    build(config, given) {
      Object.assign(seen, { config, context: given });
      return {
        run: (to, signal) => {
          seen.intake = to;
          return run(to, signal);
        },
        status: () => status,
      };
    },
  };
  return { spec, seen };
}

const build = (tail: SourceSpec, rate = 100) => {
  const spec = demoSource(tail);
  return spec.build(spec.schema.parse({ rate }), context());
};

test('tails its own folder from the beginning, as itself', () => {
  const { spec, seen } = fakeTail((_, signal) => untilAborted(signal));
  build(spec);
  expect(seen.config).toEqual({
    include: [join(stateDir, 'demo/*/*.log'), join(stateDir, 'demo/*/*.log.*')],
    start_at: 'beginning',
  });
  expect(seen.context).toMatchObject({ id: 'demo', labels: { a: 'b' }, stateDir });
});

test('writes while the tail reads into the same intake, and ends with it', async () => {
  const { spec, seen } = fakeTail((_, signal) => untilAborted(signal));
  const source = build(spec);
  const stop = new AbortController();
  const running = source.run(intake, stop.signal);
  await clock.waiting();
  await clock.advance(TICK_MS);
  await clock.waiting();
  expect(seen.intake).toBe(intake);
  expect(await readFile(join(stateDir, 'demo/nginx/access.log'), 'utf8')).toMatch(/HTTP/);
  expect(source.status()).toMatchObject({
    state: 'running',
    details: { files: 3, lines_written: 10, write_errors: 0 },
  });
  stop.abort();
  await running;
});

test('stops writing and fails when the tail cannot work', async () => {
  const { spec } = fakeTail(() => Promise.reject(new Error('no tail')));
  await expect(build(spec).run(intake, new AbortController().signal)).rejects.toThrow('no tail');
  expect(clock.timers).toBe(0);
});

test.each([-1, 1_000_001, 'fast'])('refuses a rate of %s', (rate) => {
  const { spec } = fakeTail(() => Promise.resolve());
  expect(demoSource(spec).schema.safeParse({ rate }).success).toBe(false);
});
