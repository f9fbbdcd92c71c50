import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claimStateDir } from './state-dir.ts';

/** Claims the folder when a line arrives, answers with one, and keeps the claim until it is killed. */
const CONTENDER = `
import { claimStateDir } from ${JSON.stringify(join(import.meta.dirname, 'state-dir.ts'))};
process.stdin.once('data', async () => {
  try {
    await claimStateDir(process.argv[1]);
    console.log('won');
  } catch (error) {
    console.log(error.message);
  }
});
console.log('ready');`;

let folder: string;
let children: ChildProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'state-dir-'));
  children = [];
});
afterEach(async () => {
  for (const child of children) await end(child);
  await rm(folder, { recursive: true });
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** Starts that many processes, lets them claim the folder at the same moment and returns what each says. */
async function contend(stateDir: string, count: number): Promise<string[]> {
  const started = Array.from({ length: count }, () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', CONTENDER, stateDir]);
    child.stdout.setEncoding('utf8');
    return child;
  });
  children.push(...started);
  await Promise.all(started.map((child) => once(child.stdout, 'data')));
  const answers = started.map((child) => once(child.stdout, 'data'));
  for (const child of started) child.stdin.write('\n');
  return (await Promise.all(answers)).map(([text]) => String(text).trim());
}

test('of several processes that claim a folder at once, one gets it and the others say so', async () => {
  const stateDir = join(folder, 'a', 'b');
  const answers = await contend(stateDir, 4);
  expect(answers.filter((answer) => answer === 'won')).toHaveLength(1);
  for (const answer of answers.filter((each) => each !== 'won')) {
    expect(answer).toContain(`state_dir ${stateDir} is in use by another log-capturer`);
  }
});

test('the claim of a process that was killed is free at once, for one', async () => {
  expect(await contend(folder, 1)).toEqual(['won']);
  await end(children[0]!);
  const answers = await contend(folder, 3);
  expect(answers.filter((answer) => answer === 'won')).toHaveLength(1);
});

test('who holds the folder is named', async () => {
  await contend(folder, 1);
  await expect(claimStateDir(folder)).rejects.toThrow(
    `is in use by another log-capturer (process ${children[0]!.pid}); stop it, or give this one another state_dir`,
  );
});

test('a claim that was given back can be had again, and giving it back twice takes it from nobody', async () => {
  const release = await claimStateDir(folder);
  await release();
  const again = await claimStateDir(folder);
  await release();
  await expect(claimStateDir(folder)).rejects.toThrow('is in use');
  await again();
});

test('files of an agent from before a crash are no hindrance', async () => {
  await writeFile(join(folder, 'agent.pid'), `${process.ppid}\n`);
  const release = await claimStateDir(folder);
  expect(await readFile(join(folder, 'agent.pid'), 'utf8')).toBe(`${process.pid}\n`);
  await release();
});

test('a file in the way is named as such', async () => {
  await writeFile(join(folder, 'file'), '');
  await expect(claimStateDir(join(folder, 'file', 'x'))).rejects.toThrow('is a file, not a folder (ENOTDIR)');
  await expect(claimStateDir(join(folder, 'file'))).rejects.toThrow('is a file, not a folder (EEXIST)');
});

test('a lock that holds something else is left alone', async () => {
  await mkdir(join(folder, 'x'));
  await writeFile(
    join(folder, 'x', 'agent.lock'),
    'not a lock, but long enough to look like a database header',
  );
  await expect(claimStateDir(join(folder, 'x'))).rejects.toThrow('agent.lock in it cannot be locked');
});

test.runIf(process.platform === 'linux')('a folder below /proc is refused, not waited for', async () => {
  await expect(claimStateDir('/proc/log-capturer/x')).rejects.toThrow('no folder can be created there');
});

test.runIf(process.platform === 'linux')('a full disk is called one', async () => {
  await mkdir(join(folder, 'full'));
  // A device that is always full takes the place of the file.
  await symlink('/dev/full', join(folder, 'full', 'agent.pid'));
  await expect(claimStateDir(join(folder, 'full'))).rejects.toThrow(
    'no space is left there (ENOSPC); free some',
  );
});
