import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Tokens } from './tokens.ts';

const OLD = 'the-token-of-yesterday';
const NEW = 'the-token-of-today-12';

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tokens-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

test('a token tells whose it is', () => {
  const tokens = new Tokens([
    { name: 'a', role: 'read', token: OLD },
    { name: 'b', role: 'control', token: NEW },
  ]);
  expect(tokens.find(NEW)).toEqual({ name: 'b', role: 'control', via: 'token' });
  expect(tokens.find(OLD)).toEqual({ name: 'a', role: 'read', via: 'token' });
});

test.each(['', 'x', OLD.slice(0, -1), `${OLD}x`, OLD.toUpperCase(), 'ü'.repeat(2000)])(
  '%j is nobody’s',
  (token) => {
    expect(new Tokens([{ name: 'a', role: 'read', token: OLD }]).find(token)).toBeNull();
  },
);

test('a file holds a token, with or without a line end', () => {
  const file = join(folder(), 'token');
  writeFileSync(file, `${OLD}\n`);
  const tokens = new Tokens([{ name: 'a', role: 'read', token_file: file }]);
  expect(tokens.find(OLD)?.name).toBe('a');
  expect(tokens.files).toEqual([file]);
});

test('a file that is missing, or holds more than a token, is named without its content', () => {
  const dir = folder();
  const file = join(dir, 'token');
  writeFileSync(file, 'user: admin\npassword: hunter2\n');
  const build = (token_file: string) => () => new Tokens([{ name: 'a', role: 'read', token_file }]);
  expect(build(join(dir, 'none'))).toThrow(/none cannot be read \(ENOENT\)/);
  expect(build(file)).toThrow(/openssl rand/);
  expect(build(file)).not.toThrow(/hunter2/);
});

test.each([
  ['the same', { name: 'a', role: 'read', token: OLD }, true],
  ['another name', { name: 'b', role: 'read', token: OLD }, false],
  ['another role', { name: 'a', role: 'control', token: OLD }, false],
  ['another token', { name: 'a', role: 'read', token: NEW }, false],
] as const)('%s: whether tokens let in the same clients', (_, settings, isSame) => {
  const before = new Tokens([{ name: 'a', role: 'read', token: OLD }]);
  expect(before.isSameAs(new Tokens([settings]))).toBe(isSame);
});
