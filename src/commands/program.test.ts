import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { VERSION } from '../version.ts';
import { runProgram } from './program.ts';

let out: string;
let err: string;

beforeEach(() => {
  out = '';
  err = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe('asking for help', () => {
  test.each([['--help'], ['-h'], ['help'], ['help', 'run'], ['run', '--help'], ['validate', '--help']])(
    '%s %s is answered on standard output',
    async (...args) => {
      expect(await runProgram(args.filter((arg) => arg !== undefined))).toBe(0);
      expect(out).toContain('Usage: log-capturer');
      expect(err).toBe('');
    },
  );

  test('names every exit code', async () => {
    await runProgram(['--help']);
    for (const code of ['0 ', '1 ', '2 ', '69 ', '78 ', '130, 143 ']) expect(out).toContain(`\n  ${code}`);
  });
});

describe('wrong usage ends with 2 and says what is wrong', () => {
  test.each([
    [[], 'Usage: log-capturer'],
    [['start'], "unknown command 'start'"],
    [['valdate'], 'Did you mean validate?'],
    [['run', '--conf', 'x'], "unknown option '--conf'"],
    [['run', '--config'], 'argument missing'],
    [['run', 'file.yaml'], 'too many arguments'],
    [['validate', 'a.yaml', '--config', 'b.yaml'], 'a file was given twice'],
  ])('%j', async (args, message) => {
    expect(await runProgram(args)).toBe(2);
    expect(err).toContain(message);
    expect(out).toBe('');
  });
});

test('version names the agent and its Node.js', async () => {
  expect(await runProgram(['version'])).toBe(0);
  expect(out).toBe(
    `log-capturer ${VERSION} (Node.js ${process.version}, ${process.platform} ${process.arch})\n`,
  );
});

test('--version is the number alone', async () => {
  expect(await runProgram(['--version'])).toBe(0);
  expect(out).toBe(`${VERSION}\n`);
});

test('schema prints JSON', async () => {
  expect(await runProgram(['schema'])).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ title: 'log-capturer configuration', type: 'object' });
});

describe('validate', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'validate-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function write(text: string): Promise<string> {
    const file = join(folder, 'c.yaml');
    await writeFile(file, text);
    return file;
  }

  test.each([[['validate']], [['validate', '--config']]])(
    '%j FILE says what a right file has',
    async (args) => {
      const file = await write(
        'sources: [{ id: a, type: file, include: [/x] }]\nsinks: [{ id: o, type: stdout }]',
      );
      expect(await runProgram([...args, file])).toBe(0);
      expect(out).toBe(`${file}: ok (1 source, 1 sink)\n`);
    },
  );

  test('without a file checks that of the installation', async () => {
    expect(await runProgram(['validate'])).toBe(0);
    expect(out).toMatch(/configs\/config\.yaml: ok \(2 sources, 1 sink\)\n$/);
  });

  test('a wrong file ends with 78 and lists every problem', async () => {
    const file = await write('sources: []\nsink: []');
    expect(await runProgram(['validate', file])).toBe(78);
    expect(err).toBe(
      [
        `${file}:1:1: sinks: missing; expected a list of sinks, each with an id and a type`,
        `${file}:1:10: sources: found an empty list; expected at least one source`,
        `${file}:2:1: sink: unknown key; did you mean "sinks"? accepted: server, state_dir, sources, sinks, dispatcher, dead_letters, tracing, where, console, log, reload`,
        '3 problems\n',
      ].join('\n'),
    );
    expect(out).toBe('');
  });
});
