import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeClock } from '../../component/fake-clock.ts';
import { Complaints } from './complaints.ts';
import { Descriptors, RETRY_MS } from './descriptors.ts';
import { openFile } from './file-handle.ts';
import { TailedFile } from './tailed-file.ts';

vi.mock('./file-handle.ts', () => ({ openFile: vi.fn(), closeFile: vi.fn(), readAt: vi.fn() }));

const open = vi.mocked(openFile);
let complaints: Complaints;
let warnings: object[];

beforeEach(() => {
  warnings = [];
  const log = { debug() {}, info() {}, error() {}, warn: (fields: object) => warnings.push(fields) };
  complaints = new Complaints({ log, id: 'test' });
  open.mockImplementation(async (path) => ({
    fd: 100,
    dev: 1n,
    ino: BigInt(path.slice(1)),
    birthtimeNs: 0n,
  }));
});

afterEach(() => vi.clearAllMocks());

function file(ino: number): TailedFile {
  const positions = { get() {}, entries: () => [], set() {}, delete() {} };
  return new TailedFile({
    path: `/${ino}`,
    home: `/${ino}`,
    startedAt: 0,
    key: `1:${ino}`,
    dev: 1,
    ino,
    size: 0,
    now: 0,
    origin: { source: 'test', sourceType: 'file', labels: {}, positions, clock: new FakeClock() },
    from: 0,
  });
}

test('when the process may open no more files, a quarter of the quiet ones is closed and the file is left alone for a while', async () => {
  const descriptors = new Descriptors({ max: 100, complaints });
  const files = Array.from({ length: 8 }, (_, ino) => file(ino));
  for (const one of files) await descriptors.open(one, 0);
  files[0]!.queued = true;
  files[1]!.detachedAt = 0;
  open.mockRejectedValue(Object.assign(new Error('too many'), { code: 'EMFILE' }));
  const another = file(9);
  expect(await descriptors.open(another, 5)).toBe(false);
  expect(another.dueAt).toBe(5 + RETRY_MS);
  expect(files.map(({ isOpen }) => isOpen)).toEqual([true, true, false, false, true, true, true, true]);
  expect(await descriptors.open(another, 5 + RETRY_MS)).toBe(false);
  expect(warnings).toEqual([expect.objectContaining({ path: '/9', code: 'EMFILE' })]);
  open.mockResolvedValue({ fd: 7, dev: 1n, ino: 9n, birthtimeNs: 0n });
  expect(await descriptors.open(another, 20 + 2 * RETRY_MS)).toBe(true);
});

test('of files that no path leads to, only those looked at now and then are closed for others', async () => {
  const descriptors = new Descriptors({ max: 2, complaints });
  const renamed = file(1);
  const followed = file(2);
  await descriptors.open(renamed, 0);
  await descriptors.open(followed, 0);
  renamed.detachedAt = 0;
  followed.detachedAt = 0;
  expect(await descriptors.open(file(3), 0)).toBe(false);
  followed.followed = true;
  expect(await descriptors.open(file(4), 0)).toBe(true);
  expect([renamed.isOpen, followed.isOpen]).toEqual([true, false]);
});
