// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is how a configuration names a variable
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig, parseConfig } from './load.ts';
import { registry } from './registry.fixture.ts';

const parse = (text: string, environment = {}) => parseConfig(text, 'c.yaml', { registry, environment });

const SMALL = 'sources: [{ id: a, type: stdin }]\nsinks: [{ id: out, type: stdout }]\n';

describe('a configuration', () => {
  test('gets its defaults, in milliseconds and bytes', () => {
    const { tracing, ...config } = parse(SMALL);
    expect(tracing).toMatchObject({ mode: 'hybrid', adaptive_sampling: { check_interval: 30_000 } });
    expect(config).toEqual({
      server: expect.objectContaining({ host: '127.0.0.1', port: 8401 }),
      state_dir: './data',
      sources: [{ id: 'a', type: 'stdin', labels: {}, trace_context: 'none', processors: [] }],
      sinks: [{ id: 'out', type: 'stdout', sources: ['*'] }],
      dispatcher: {
        memory: 67_108_864,
        batch_bytes: 1_048_576,
        batch_size: 50_000,
        batch_timeout: 200,
        retry: { initial: 500, max: 30_000, give_up_after: 0 },
        shutdown_timeout: 10_000,
      },
      dead_letters: { enabled: true, max_bytes: 1_073_741_824, max_file_bytes: 16_777_216 },
      where: { memory: 16_777_216 },
      console: {},
      log: { level: 'info' },
      reload: { watch: true, interval: 5000 },
    });
  });

  test('keeps what is written', () => {
    const config = parse(`
server: { host: "::1", port: 0 }
state_dir: /var/lib/x
sources:
  - { id: a, type: file, include: [/a, /b], start_at: beginning, labels: { team: web },
      processors: [{ type: redact, pattern: x }, { type: parse_json }] }
sinks:
  - { id: out, type: remote, url: "http://h:1", timeout: 3s, sources: ["a*"] }
dispatcher: { memory: 8MiB, batch_bytes: 512KiB, batch_size: 1000, retry: { max: 1m, give_up_after: 1h } }
log: { level: debug }
`);
    expect(config).toMatchObject({
      server: { host: '::1', port: 0 },
      state_dir: '/var/lib/x',
      dispatcher: {
        memory: 8_388_608,
        batch_bytes: 524_288,
        retry: { initial: 500, max: 60_000, give_up_after: 3_600_000 },
      },
      console: {},
      log: { level: 'debug' },
    });
    expect(config.sources).toEqual([
      {
        id: 'a',
        type: 'file',
        include: ['/a', '/b'],
        start_at: 'beginning',
        max_line_bytes: 262_144,
        follow: true,
        labels: { team: 'web' },
        trace_context: 'none',
        processors: [{ type: 'redact', pattern: 'x' }, { type: 'parse_json' }],
      },
    ]);
    expect(config.sinks).toEqual([
      { id: 'out', type: 'remote', url: 'http://h:1', timeout: 3000, sources: ['a*'] },
    ]);
  });

  test('takes a section with nothing below it as absent', () => {
    expect(parse(`${SMALL}server:\ndispatcher:\n  # memory: 1GiB\n`)).toEqual(parse(SMALL));
  });

  test('may hold anchors below x- keys and merge them', () => {
    const text = `
x-file: &file { type: file, include: [/x], labels: { team: web } }
sources:
  - { <<: *file, id: a }
  - { <<: *file, id: b, include: [/y] }
sinks: [{ id: out, type: stdout }]`;
    expect(parse(text).sources.map(({ id, include, labels }) => ({ id, include, labels }))).toEqual([
      { id: 'a', include: ['/x'], labels: { team: 'web' } },
      { id: 'b', include: ['/y'], labels: { team: 'web' } },
    ]);
  });

  test('takes numbers and text from the environment', () => {
    const { server, state_dir } = parse(`${SMALL}server:\n  port: \${PORT:-1}\nstate_dir: "\${DIR}/1"`, {
      PORT: '9000',
      DIR: '/d',
    });
    expect([server.port, state_dir]).toEqual([9000, '/d/1']);
  });

  test('may have batches too small for the longest line by default', () => {
    const small = 'dispatcher: { batch_bytes: 64KiB }\nsources: [{ id: a, type: file, include: [/x] }]';
    expect(parse(`${small}\nsinks: [{ id: o, type: stdout }]`).dispatcher.batch_bytes).toBe(65_536);
  });

  test('is given its problems as data too', () => {
    expect.assertions(1);
    try {
      parse(`${SMALL}log: { level: loud }`);
    } catch (error) {
      expect((error as { problems: unknown }).problems).toEqual([
        {
          file: 'c.yaml',
          line: 3,
          column: 15,
          path: ['log', 'level'],
          message: 'found "loud"; expected one of debug, info, warn, error',
        },
      ]);
    }
  });
});

describe('a file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'config-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const load = (file: string) => loadConfig(file, { registry, environment: {} });
  async function write(name: string, content: string | Buffer): Promise<string> {
    const file = join(folder, name);
    await writeFile(file, content);
    return file;
  }

  test('is read', async () => {
    expect((await load(await write('good.yaml', SMALL))).sources).toHaveLength(1);
  });

  test('may start with a byte order mark and end its lines with CRLF', async () => {
    const file = await write('windows.yaml', `\ufeff${SMALL.replaceAll('\n', '\r\n')}`);
    expect((await load(file)).sources).toHaveLength(1);
  });

  test('that is missing', async () => {
    const file = join(folder, 'none.yaml');
    await expect(load(file)).rejects.toThrow(
      `${file}: there is no such file; check the path given with --config`,
    );
  });

  test('that is a directory', async () => {
    await expect(load(folder)).rejects.toThrow(
      `${folder}: this is a directory; give the path of a configuration file`,
    );
  });

  test.skipIf(process.getuid?.() === 0)('that may not be read', async () => {
    const file = join(folder, 'secret.yaml');
    await writeFile(file, SMALL, { mode: 0o000 });
    await expect(load(file)).rejects.toThrow(`${file}: no permission to read this file`);
  });

  test('that is not UTF-8', async () => {
    const file = await write('latin1.yaml', Buffer.from(`${SMALL}# caf\xe9\nlog: {}\n`, 'latin1'));
    await expect(load(file)).rejects.toThrow(
      `${file}:3:1: this line is not UTF-8 text; save the file as UTF-8`,
    );
  });

  test('that is UTF-16', async () => {
    const file = await write('utf16.yaml', Buffer.from(`\ufeff${SMALL}`, 'utf16le'));
    await expect(load(file)).rejects.toThrow(
      `${file}:1:1: this line is not UTF-8 text; save the file as UTF-8`,
    );
  });
});

test('names that are given twice are listed once', () => {
  const text = `
sources: [{ id: a, type: stdin }, { id: a, type: file, include: ["/x"] }]
sinks: [{ id: x, type: stdout, sources: [nobody] }]`;
  expect(() => parse(text)).toThrow(/no source matches "nobody"; there are: a$/m);
});
