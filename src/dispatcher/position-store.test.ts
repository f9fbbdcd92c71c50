import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RecordingLog } from '../../test/fixtures/pipeline.ts';
import { FakeClock } from '../component/fake-clock.ts';
import { decodePositions, encodePositions, type PositionEntry } from './position-file.ts';
import { PositionStore } from './position-store.ts';

let stateDir: string;
let clock: FakeClock;
let log: RecordingLog;

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'positions-'));
  clock = new FakeClock();
  log = new RecordingLog();
});
afterEach(() => rm(stateDir, { recursive: true }));

const store = () => new PositionStore({ stateDir, clock, log });

test('positions survive a restart, each source its own', async () => {
  const before = store();
  await before.load();
  before.forSource('a').set('key', { offset: 5 });
  before.forSource('b').set('key', { offset: 7 });
  await before.flush();
  const after = store();
  await after.load();
  expect(after.forSource('a').get('key')).toEqual({ offset: 5 });
  expect([...after.forSource('b').entries()]).toEqual([['key', { offset: 7 }]]);
});

test('a change is written by itself within a second, without a flush of its own for each', async () => {
  const positions = store();
  await positions.load();
  for (let k = 0; k < 100; k++) positions.forSource('a').set('key', k);
  expect(clock.timers).toBe(1);
  await clock.advance(1000);
  await positions.flush();
  expect(await readFile(join(stateDir, 'positions'), 'utf8')).toContain('["a","key",99]');
});

test('a damaged file is set aside and reported; intact entries are used', async () => {
  const entries: PositionEntry[] = [
    ['a', 'one', 1],
    ['a', 'two', 2],
  ];
  const damaged = encodePositions(entries).replace('"one",1', '"one",9');
  await writeFile(join(stateDir, 'positions'), damaged);
  const positions = store();
  await positions.load();
  expect([...positions.forSource('a').entries()]).toEqual([['two', 2]]);
  expect(positions.forSource('a').damaged).toBe(true);
  const kept = (await readdir(stateDir)).find((name) => name.startsWith('positions.damaged-'))!;
  expect(await readFile(join(stateDir, kept), 'utf8')).toBe(damaged);
  expect(log.lines[0]).toMatchObject({ level: 'error', fields: { intact_entries: 1 } });
});

const entry: fc.Arbitrary<PositionEntry> = fc.tuple(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value))),
);

test('encode and decode are inverse', () => {
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      expect(decodePositions(encodePositions(entries))).toEqual({ entries, damage: [] });
    }),
  );
});

test('one damaged byte anywhere is noticed and costs at most two entries', () => {
  const entries: PositionEntry[] = Array.from({ length: 5 }, (_, k) => ['source', `8:${k}`, { offset: k }]);
  const intact = Buffer.from(encodePositions(entries));
  for (let at = 0; at < intact.length; at++) {
    for (const flip of [0x01, 0x80, 0xff]) {
      const damaged = Buffer.from(intact);
      damaged[at]! ^= flip;
      const decoded = decodePositions(damaged.toString());
      expect(decoded.damage.length, `byte ${at}`).toBeGreaterThan(0);
      expect(decoded.entries.length).toBeGreaterThanOrEqual(3);
      for (const found of decoded.entries) expect(entries).toContainEqual(found);
    }
  }
});

test('a file cut off anywhere is noticed', () => {
  const entries: PositionEntry[] = Array.from({ length: 3 }, (_, k) => ['source', `8:${k}`, k]);
  const intact = encodePositions(entries);
  for (let length = 0; length < intact.length; length++) {
    expect(decodePositions(intact.slice(0, length)).damage.length, `cut to ${length}`).toBeGreaterThan(0);
  }
});

test('a file that cannot be read is an error, and is not replaced', async () => {
  await mkdir(join(stateDir, 'positions'));
  const positions = store();
  await expect(positions.load()).rejects.toThrow('EISDIR');
  positions.forSource('a').set('key', 1);
  await positions.flush();
  expect(await readdir(stateDir)).toEqual(['positions']);
});
