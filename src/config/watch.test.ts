import { expect, test } from 'vitest';
import { FakeClock } from '../component/fake-clock.ts';
import { FileWatch, type WatchedSystem } from './watch.ts';

const INTERVAL_MS = 5000;

/** Files in memory; `tell` is the system saying that something changed in a folder. */
class FakeSystem implements WatchedSystem {
  readonly contents = new Map<string, string>([['/etc/c.yaml', 'one']]);
  readonly links = new Map<string, string>();
  readonly watched = new Map<string, () => void>();
  version = 0;
  looks = 0;
  digests = 0;

  watchFolder(folder: string, onChange: () => void): () => void {
    this.watched.set(folder, onChange);
    return () => this.watched.delete(folder);
  }

  async resolve(file: string): Promise<string> {
    return this.links.get(file) ?? file;
  }

  async signature(file: string): Promise<string> {
    this.looks++;
    return `${this.contents.has(file) ? 'there' : 'gone'} ${this.version}`;
  }

  async digest(files: readonly string[]): Promise<ReadonlyMap<string, string>> {
    this.digests++;
    return new Map(files.map((file) => [file, this.contents.get(file) ?? 'ENOENT']));
  }

  write(content: string, file = '/etc/c.yaml'): void {
    this.contents.set(file, content);
    this.version++;
  }

  tell(folder = '/etc'): void {
    this.watched.get(folder)?.();
  }
}

async function setUp(options: { files?: string[]; system?: FakeSystem } = {}) {
  const system = options.system ?? new FakeSystem();
  const clock = new FakeClock();
  const files = options.files ?? ['/etc/c.yaml'];
  let changes = 0;
  const watch = new FileWatch({
    files: () => files,
    onChange: () => changes++,
    clock,
    intervalMs: INTERVAL_MS,
    system,
  });
  await watch.start();
  return { system, clock, watch, files, changes: () => changes };
}

test('a change that stands is told once', async () => {
  const { system, clock, changes } = await setUp();
  system.write('two');
  system.tell();
  await clock.advance(1000);
  expect(changes()).toBe(1);
  await clock.advance(60_000);
  expect(changes()).toBe(1);
});

test('a change is told well within a second', async () => {
  const { system, clock, changes } = await setUp();
  system.write('two');
  system.tell();
  await clock.advance(500);
  expect(changes()).toBe(1);
});

test('a file that is still being written is left alone until it is done', async () => {
  const { system, clock, changes } = await setUp();
  for (const content of ['t', 'tw', 'two', 'two\nthree']) {
    system.write(content);
    system.tell();
    await clock.advance(100);
    expect(changes()).toBe(0);
  }
  await clock.advance(1000);
  expect(changes()).toBe(1);
});

test('an editor that deletes and writes anew makes one change', async () => {
  const { system, clock, changes } = await setUp();
  system.contents.delete('/etc/c.yaml');
  system.version++;
  system.tell();
  await clock.advance(100);
  system.write('two');
  system.tell();
  await clock.advance(1000);
  expect(changes()).toBe(1);
});

test('a file that stays away is a change too, and so is its return', async () => {
  const { system, clock, changes } = await setUp();
  system.contents.delete('/etc/c.yaml');
  system.version++;
  system.tell();
  await clock.advance(1000);
  expect(changes()).toBe(1);
  system.write('one');
  system.tell();
  await clock.advance(1000);
  expect(changes()).toBe(2);
});

test('a file that was touched, or changed and changed back, is no change', async () => {
  const { system, clock, changes } = await setUp();
  system.write('one');
  system.tell();
  await clock.advance(1000);
  system.write('two');
  system.tell();
  await clock.advance(200);
  system.write('one');
  system.tell();
  await clock.advance(10_000);
  expect(changes()).toBe(0);
});

test('what the system does not tell is found by looking now and then', async () => {
  const { system, clock, changes } = await setUp();
  system.write('two');
  await clock.advance(INTERVAL_MS - 1);
  expect(changes()).toBe(0);
  await clock.advance(1000);
  expect(changes()).toBe(1);
});

test('others that change in the same folder cost a look now and then, and no reading', async () => {
  const { system, clock, changes } = await setUp();
  const { looks, digests } = system;
  for (let k = 0; k < 1000; k++) {
    system.tell();
    await clock.advance(1);
  }
  expect(changes()).toBe(0);
  expect(system.looks - looks).toBeLessThan(10);
  expect(system.digests).toBe(digests);
});

test('the folder that a link leads to is watched as well, and another one when it is turned', async () => {
  const system = new FakeSystem();
  system.links.set('/etc/c.yaml', '/opt/1/c.yaml');
  const { clock, changes } = await setUp({ system });
  expect([...system.watched.keys()].toSorted()).toEqual(['/etc', '/opt/1']);
  system.links.set('/etc/c.yaml', '/opt/2/c.yaml');
  system.write('two');
  system.tell('/etc');
  await clock.advance(1000);
  expect(changes()).toBe(1);
  expect([...system.watched.keys()].toSorted()).toEqual(['/etc', '/opt/2']);
});

test('files that the configuration names count like itself', async () => {
  const system = new FakeSystem();
  system.contents.set('/run/secret', 's');
  const { clock, changes } = await setUp({ system, files: ['/etc/c.yaml', '/run/secret'] });
  system.write('t', '/run/secret');
  system.tell('/run');
  await clock.advance(1000);
  expect(changes()).toBe(1);
});

test('files that are named only later, or no more, are no change by that', async () => {
  const system = new FakeSystem();
  system.contents.set('/run/secret', 's');
  const { clock, files, changes } = await setUp({ system });
  files.push('/run/secret');
  await clock.advance(20_000);
  expect(changes()).toBe(0);
  system.write('t', '/run/secret');
  system.tell('/run');
  await clock.advance(1000);
  expect(changes()).toBe(1);
  files.pop();
  await clock.advance(20_000);
  expect(changes()).toBe(1);
});

test('what was acknowledged is not told', async () => {
  const { system, clock, watch, changes } = await setUp();
  system.write('two');
  system.tell();
  await watch.acknowledge();
  await clock.advance(10_000);
  expect(changes()).toBe(0);
});

test('it ends for good: nothing is told, no folder is watched, no timer is left', async () => {
  const { system, clock, watch, changes } = await setUp();
  system.write('two');
  system.tell();
  watch.end();
  watch.end();
  await clock.advance(10_000);
  expect(changes()).toBe(0);
  expect(system.watched.size).toBe(0);
  expect(clock.timers).toBe(0);
});
