import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RecordingLog } from '../../test/fixtures/pipeline.ts';
import { warnOfLeftBuffers } from './left-buffers.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'left-buffers-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('only buffers of unknown sinks that hold something are told of', async () => {
  for (const sink of ['known', 'unknown', 'empty']) await mkdir(join(folder, sink));
  for (const sink of ['known', 'unknown'])
    await writeFile(join(folder, sink, '0000000001-00000001.buf'), 'x');
  await writeFile(join(folder, 'empty', 'cursor'), '');
  const log = new RecordingLog();
  await warnOfLeftBuffers(folder, new Set(['known']), log);
  expect(log.lines).toMatchObject([{ level: 'warn', fields: { sink: 'unknown', files: 1 } }]);
});

test('without any buffer there is nothing to say', async () => {
  const log = new RecordingLog();
  await warnOfLeftBuffers(join(folder, 'missing'), new Set(), log);
  expect(log.lines).toEqual([]);
});
