import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BudgetSpent, type Line, LineReader } from './line-reader.ts';

let folder: string;
let fd: number | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'line-reader-'));
});
afterEach(() => {
  if (fd !== undefined) closeSync(fd);
  fd = undefined;
  rmSync(folder, { recursive: true });
});

function read(content: string | Buffer, chunk?: number, budget?: number): LineReader {
  if (fd !== undefined) closeSync(fd);
  const path = join(folder, 'x.log');
  writeFileSync(path, content);
  fd = openSync(path, 'r');
  return new LineReader(fd, { ...(chunk && { chunk }), ...(budget && { budget }) });
}

/** All lines, found the slow way. */
function linesOf(content: Buffer): Line[] {
  const lines: Line[] = [];
  for (let at = 0; at < content.length; ) {
    const lf = content.indexOf(10, at);
    const end = lf === -1 ? content.length : lf + 1;
    lines.push({ offset: at, end, terminated: lf !== -1 });
    at = end;
  }
  return lines;
}

const contents = fc
  .array(fc.constantFrom('\n', 'a', 'b', 'ab', 'aab', '\r\n', 'ü'), { maxLength: 60 })
  .map((parts) => Buffer.from(parts.join('')));
const chunks = fc.integer({ min: 4, max: 17 });

test('finds every line by its number, and none behind the last', () => {
  fc.assert(
    fc.property(contents, chunks, (content, chunk) => {
      const reader = read(content, chunk);
      const lines = linesOf(content);
      for (const [i, line] of lines.entries()) expect(reader.lineNumber(i + 1)).toEqual(line);
      expect(reader.lineNumber(lines.length + 1)).toBeNull();
      expect(reader.countLines()).toBe(lines.length);
    }),
  );
});

test('finds the line of every byte', () => {
  fc.assert(
    fc.property(contents, chunks, (content, chunk) => {
      const reader = read(content, chunk);
      for (const line of linesOf(content)) {
        for (let at = line.offset; at < line.end; at++) expect(reader.lineAt(at)).toEqual(line);
      }
      expect(reader.lineAt(content.length)).toBeNull();
    }),
  );
});

test('finds all lines with a text, the last one first, also where it lies across two reads', () => {
  fc.assert(
    fc.property(contents, chunks, fc.constantFrom('a', 'ab', 'aa', 'aab', 'ü'), (content, chunk, text) => {
      const needle = Buffer.from(text);
      const found = read(content, chunk).linesWith(needle, 1000);
      const expected = linesOf(content).filter(({ offset, end }) =>
        content.subarray(offset, end).includes(needle),
      );
      expect(found.lines).toEqual(expected.reverse());
      expect(found.complete).toBe(true);
    }),
  );
});

test('finds the lines where one of some numbers stands behind a text, also across two reads', () => {
  const numbers = fc.array(fc.constantFrom(0, 5, 12, 123, 2 ** 53 - 1), { maxLength: 9 });
  fc.assert(
    fc.property(numbers, fc.integer({ min: 24, max: 60 }), (values, chunk) => {
      const content = Buffer.from(values.map((value) => `{"at":${value},"x":"at\\":5,"}\n`).join(''));
      const found = read(content, chunk).linesWith(
        Buffer.from('"at":'),
        1000,
        new Set([5, 123, 2 ** 53 - 1]),
      );
      const expected = linesOf(content).filter((_, i) => ![0, 12].includes(values[i]!));
      expect(found).toEqual({ lines: expected.reverse(), complete: true });
    }),
  );
});

test('counts the line terminators before positions', () => {
  const reader = read('a\nb\nc\nd', 4);
  expect(reader.countTerminators(0, [0, 2, 3, 7])).toEqual([0, 1, 1, 3]);
  expect(reader.countTerminators(2, [4])).toEqual([1]);
});

describe('a search', () => {
  test('ends at its limit and says that there may be more', () => {
    const found = read('x1\nx2\nx3\n').linesWith(Buffer.from('x'), 2);
    expect(found.lines.map(({ offset }) => offset)).toEqual([6, 3]);
    expect(found.complete).toBe(false);
  });

  test('ends at its budget and says that there may be more', () => {
    const reader = read(`x\n${'-'.repeat(100)}\n`, 16, 50);
    expect(reader.linesWith(Buffer.from('x'), 2)).toEqual({ lines: [], complete: false });
    expect(reader.bytesRead).toBeLessThan(80);
  });

  test('counts what it reads to find the ends of a line, and keeps the lines before that', () => {
    const reader = read(`${'-'.repeat(1000)}x${'-'.repeat(9)}\nx\n`, 16, 100);
    expect(reader.linesWith(Buffer.from('x'), 9)).toEqual({
      lines: [{ offset: 1011, end: 1013, terminated: true }],
      complete: false,
    });
    expect(reader.bytesRead).toBeLessThan(116);
    expect(() => reader.lineAt(0)).toThrow(BudgetSpent);
  });
});
