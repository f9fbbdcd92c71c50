/** Log rotation around the built agent, as logrotate does it: every way, while it runs and while it does not. */
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AgentUnderTest } from '../fixtures/agent.ts';

let agent: AgentUnderTest;

beforeEach(async () => {
  agent = await AgentUnderTest.create();
  mkdirSync(join(agent.dir, 'in'));
  await agent.configure({
    sources: [
      {
        id: 'app',
        type: 'file',
        include: ['in/app.log'],
        archives: true,
        poll_interval: '20ms',
        scan_interval: '50ms',
        rotate_wait: '300ms',
      },
    ],
    sinks: [{ id: 'out', type: 'file', path: 'out/all.log' }],
  });
});
afterEach(() => agent[Symbol.asyncDispose]());

const input = (name = 'app.log') => join(agent.dir, 'in', name);
const line = (text: string) => `${text.padEnd(300, '.')}\n`;
const add = (text: string) => appendFileSync(input(), line(text));
const written = () =>
  readFileSync(join(agent.dir, 'out/all.log'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((text) => text.replace(/\.+$/, ''));
const delivered = (count: number) =>
  agent.statusWhen(({ sources }) => sources[0]!.ledger.delivered === count);
const compress = (name: string) => {
  writeFileSync(input(`${name}.gz`), gzipSync(readFileSync(input(name))));
  rmSync(input(name));
};

test('renamed, copied and truncated, deleted: what was written is delivered once and in order', async () => {
  add('1');
  await agent.start();
  await delivered(1);
  add('2');
  renameSync(input(), input('app.log.1'));
  add('3');
  await delivered(3);
  add('4');
  copyFileSync(input(), input('app.log.2'));
  truncateSync(input());
  add('5');
  await delivered(5);
  add('6');
  rmSync(input());
  add('7');
  const { sources } = await delivered(7);
  expect(sources[0]!.ledger).toMatchObject({ read: 7, in_flight: 0, balanced: true });
  expect(sources[0]!.details).toMatchObject({ bytes_lost: 0, files_lost: 0 });
  await agent.stop();
  expect(written()).toEqual(['1', '2', '3', '4', '5', '6', '7']);
});

test('while it does not run: renamed and compressed, copied and truncated', async () => {
  add('1');
  await agent.start();
  await delivered(1);
  await agent.stop();
  add('2');
  renameSync(input(), input('app.log.1'));
  compress('app.log.1');
  add('3');
  await agent.start();
  await delivered(2);
  await agent.stop();
  add('4');
  copyFileSync(input(), input('app.log.2'));
  truncateSync(input());
  add('5');
  await agent.start();
  const { sources } = await delivered(2);
  expect(sources[0]!.details).toMatchObject({ files_lost: 0, bytes_lost: 0 });
  await agent.stop();
  expect(written()).toEqual(['1', '2', '3', '4', '5']);
});

test('a file that was read and then compressed is not read again', async () => {
  add('1');
  await agent.start();
  await delivered(1);
  renameSync(input(), input('app.log.1'));
  add('2');
  await delivered(2);
  compress('app.log.1');
  await agent.statusWhen(({ sources }) => sources[0]!.details?.archives_already_read === 1);
  add('3');
  await delivered(3);
  await agent.stop();
  expect(written()).toEqual(['1', '2', '3']);
});
