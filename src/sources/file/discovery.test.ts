import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../component/fake-clock.ts';
import { Attributes } from './attributes.ts';
import { Complaints } from './complaints.ts';
import { Discovery } from './discovery.ts';
import { pathMatcher } from './glob.ts';

let folder: string;
let warnings: object[];
let complaints: Complaints;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'discovery-'));
  warnings = [];
  const log = { debug() {}, info() {}, error() {}, warn: (fields: object) => warnings.push(fields) };
  complaints = new Complaints({ log, id: 'test' });
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(...names: string[]) {
  for (const name of names) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), '');
  }
}

/** `epoch` in the far future: every folder has been unchanged for long. */
function discovery(
  include: string[],
  options: { exclude?: string[]; epoch?: number; attributes?: Pick<Attributes, 'at'> } = {},
) {
  return new Discovery({
    include: include.map((pattern) => join(folder, pattern)),
    excludes: pathMatcher((options.exclude ?? []).map((p) => (p.includes('/') ? join(folder, p) : p))),
    attributes: options.attributes ?? new Attributes(),
    complaints,
    clock: new FakeClock({ epoch: options.epoch ?? 4e12 }),
  });
}

const names = (paths: string[] | undefined) => paths?.map((path) => path.slice(folder.length + 1));

test.each([
  { include: ['*.log'], found: ['a.log', 'b.log'] },
  { include: ['**/*.log'], found: ['a.log', 'b.log', 'x/c.log', 'x/y/d.log'] },
  { include: ['**'], found: ['a.log', 'b.log', 'n.txt', 'x/c.log', 'x/y/d.log'] },
  { include: ['*/*.log'], found: ['x/c.log'] },
  { include: ['x/**/d.log'], found: ['x/d.log', 'x/y/d.log'] },
  { include: ['{a,b}.log', 'a.log'], found: ['a.log', 'b.log'] },
  { include: ['**/*.log'], exclude: ['x/y/**'], found: ['a.log', 'b.log', 'x/c.log'] },
  { include: ['**/*.log'], exclude: ['b.*', 'y'], found: ['a.log', 'x/c.log'] },
  { include: ['absent/*.log'], found: [] },
])('$include without $exclude finds $found', async ({ include, exclude, found }) => {
  put('a.log', 'b.log', 'n.txt', 'x/c.log', 'x/y/d.log');
  expect(names(await discovery(include, { exclude }).scan())).toEqual(found);
});

test('nothing changed: it says so', async () => {
  put('a.log', 'x/b.log');
  const found = discovery(['**/*.log']);
  await found.scan();
  expect(await found.scan()).toBeUndefined();
});

test('a new file is found, in a new folder too', async () => {
  put('a.log');
  const found = discovery(['**/*.log']);
  await found.scan();
  put('x/y/b.log');
  expect(names(await found.scan())).toEqual(['a.log', 'x/y/b.log']);
});

test('a folder that a pattern names is found when it appears', async () => {
  const found = discovery(['later/*.log']);
  expect(await found.scan()).toEqual([]);
  put('later/a.log');
  expect(names(await found.scan())).toEqual(['later/a.log']);
});

test('a folder that changed just now is listed again, although its time stays the same', async () => {
  put('a.log');
  const stats = statSync(folder);
  const found = discovery(['*.log'], { epoch: stats.ctimeMs + 1000, attributes: { at: () => stats } });
  await found.scan();
  put('b.log');
  expect(names(await found.scan())).toEqual(['a.log', 'b.log']);
});

test('links to files are followed, those to folders where a pattern names them and not below **', async () => {
  put('real/a.log');
  symlinkSync(join(folder, 'real/a.log'), join(folder, 'link.log'));
  symlinkSync(join(folder, 'real'), join(folder, 'current'));
  expect(names(await discovery(['**/*.log']).scan())).toEqual(['link.log', 'real/a.log']);
  expect(names(await discovery(['current/*.log']).scan())).toEqual(['current/a.log']);
});

test('* leads into a linked folder, whatever follows', async () => {
  put('elsewhere/one/app.log', 'apps/two/app.log');
  symlinkSync(join(folder, 'elsewhere/one'), join(folder, 'apps/one'));
  for (const pattern of ['apps/*/app.log', 'apps/*/*.log', 'apps/*/**/*.log']) {
    expect(names(await discovery([pattern]).scan()), pattern).toEqual([
      'apps/one/app.log',
      'apps/two/app.log',
    ]);
  }
});

test('a file appears once and under its own path when a link leads to a folder that matches as well', async () => {
  put('apps/v1/app.log', 'apps/v2/app.log');
  symlinkSync('v2', join(folder, 'apps/current'));
  symlinkSync('current', join(folder, 'apps/link-to-link'));
  expect(names(await discovery(['apps/*/app.log']).scan())).toEqual(['apps/v1/app.log', 'apps/v2/app.log']);
});

test('links that lead in a circle or nowhere end the walk', async () => {
  put('apps/v1/app.log');
  symlinkSync('.', join(folder, 'apps/self'));
  symlinkSync('b', join(folder, 'apps/a'));
  symlinkSync('a', join(folder, 'apps/b'));
  expect(names(await discovery(['apps/*/*/*.log']).scan())).toEqual(['apps/self/v1/app.log']);
  expect(warnings).toEqual([]);
});

test('a name that is not UTF-8 is found, that of a folder too', async () => {
  const invalid = Buffer.from('gr\xfc\xdfe', 'latin1');
  const sub = Buffer.concat([Buffer.from(`${folder}/`), invalid]);
  mkdirSync(sub);
  writeFileSync(Buffer.concat([sub, Buffer.from('/'), invalid]), '');
  put('\ufffd/x');
  expect(names(await discovery(['**']).scan())).toEqual(['gr\udcfc\udcdfe/gr\udcfc\udcdfe', '\ufffd/x']);
});

test.skipIf(process.getuid?.() === 0)(
  'an unreadable folder is logged once, and listed when it can be',
  async () => {
    put('x/a.log', 'b.log');
    chmodSync(join(folder, 'x'), 0);
    const found = discovery(['**/*.log']);
    try {
      expect(names(await found.scan())).toEqual(['b.log']);
      put('c.log');
      await found.scan();
      expect(warnings).toEqual([expect.objectContaining({ path: join(folder, 'x'), code: 'EACCES' })]);
    } finally {
      chmodSync(join(folder, 'x'), 0o755);
    }
    expect(names(await found.scan())).toEqual(['b.log', 'c.log', 'x/a.log']);
  },
);

test('a malformed pattern is refused', () => {
  expect(() => discovery(['[a.log'])).toThrow('has a [ without its ]');
});
