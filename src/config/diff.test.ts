import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { diffConfig } from './diff.ts';
import { parseConfig } from './load.ts';
import { registry } from './registry.fixture.ts';
import type { Config } from './schema.ts';

const SOURCES = '[{ id: a, type: file, include: ["/a"] }, { id: b, type: file, include: ["/b"] }]';
const SINKS = '[{ id: x, type: remote, url: "http://x" }, { id: y, type: remote, url: "http://y" }]';

function parse({ sources = SOURCES, sinks = SINKS, rest = '' } = {}): Config {
  return parseConfig(`sources: ${sources}\nsinks: ${sinks}\n${rest}`, 'c.yaml', {
    registry,
    environment: {},
  });
}

const changesOf = (before: Config, after: Config, isChanged?: (file: string) => boolean) =>
  diffConfig(before, after, isChanged).changes.map(({ path, action }) => `${path} ${action}`);

test('the same file read twice differs in nothing', () => {
  const diff = diffConfig(parse(), parse());
  expect(diff).toMatchObject({ changes: [], applies: false, effective: parse() });
});

describe('sources', () => {
  test('come and go by their ids, whatever their order', () => {
    const sources = '[{ id: c, type: file, include: ["/c"] }, { id: a, type: file, include: ["/a"] }]';
    const diff = diffConfig(parse(), parse({ sources }));
    expect(diff.sources).toMatchObject({ added: [{ id: 'c' }], removed: ['b'], replaced: [], updated: [] });
    expect(diff.changes).toEqual([
      { path: 'sources.b', action: 'removed' },
      { path: 'sources.c', action: 'added' },
    ]);
  });

  test.each([
    ['a key of its type', '[{ id: a, type: file, include: ["/a", "/b"] }]'],
    ['a label', '[{ id: a, type: file, include: ["/a"], labels: { team: x } }]'],
  ])('%s has it replaced', (_what, sources) => {
    const before = parse({ sources: '[{ id: a, type: file, include: ["/a"] }]' });
    expect(changesOf(before, parse({ sources }))).toEqual(['sources.a replaced']);
  });

  test('other processors leave what reads alone', () => {
    const before = parse({ sources: '[{ id: a, type: file, include: ["/a"] }]' });
    const sources =
      '[{ id: a, type: file, include: ["/a"], trace_context: json, processors: [{ type: parse_json }] }]';
    const diff = diffConfig(before, parse({ sources }));
    expect(diff.sources).toMatchObject({ replaced: [], updated: [{ id: 'a' }] });
    expect(diff.changes.map(({ path }) => path).toSorted()).toEqual([
      'sources.a.processors',
      'sources.a.trace_context',
    ]);
  });
});

describe('sinks', () => {
  test('a changed destination has it replaced', () => {
    const sinks = '[{ id: x, type: remote, url: "http://z" }, { id: y, type: remote, url: "http://y" }]';
    expect(changesOf(parse(), parse({ sinks }))).toEqual(['sinks.x replaced']);
  });

  test('other sources leave what delivers alone', () => {
    const sinks =
      '[{ id: x, type: remote, url: "http://x", sources: [a] }, { id: y, type: remote, url: "http://y" }]';
    expect(changesOf(parse(), parse({ sinks }))).toEqual(['sinks.x.sources updated']);
  });
});

describe('other keys', () => {
  test.each([
    ['tracing: { mode: full-e2e }', ['tracing.mode updated']],
    ['tracing: { store: { memory: 1MiB } }', ['tracing.store.memory restart_required']],
    ['log: { level: debug }', ['log.level updated']],
    ['reload: { watch: false }', ['reload.watch updated']],
    [
      'dispatcher: { batch_timeout: 1s, retry: { max: 1m } }',
      ['dispatcher.batch_timeout updated', 'dispatcher.retry.max updated'],
    ],
    ['dispatcher: { memory: 32MiB }', ['dispatcher.memory restart_required']],
    ['server: { port: 1 }', ['server.port restart_required']],
    ['state_dir: /elsewhere', ['state_dir restart_required']],
  ])('%s', (rest, expected) => {
    expect(changesOf(parse(), parse({ rest })).toSorted()).toEqual(expected);
  });

  test('those that need a restart keep their values in what runs; the others have the new ones', () => {
    const rest =
      'server: { port: 1 }\ndispatcher: { memory: 32MiB, batch_timeout: 1s }\nstate_dir: /elsewhere';
    const { effective, applies } = diffConfig(parse(), parse({ rest }));
    expect(applies).toBe(true);
    expect(effective).toEqual({
      ...parse(),
      dispatcher: { ...parse().dispatcher, batch_timeout: 1000 },
    });
  });

  test('a key that needs a restart and nothing else does not apply', () => {
    expect(diffConfig(parse(), parse({ rest: 'server: { port: 1 }' })).applies).toBe(false);
  });

  test('a key that is not there any more is as before', () => {
    const { server } = parse();
    const before: Config = {
      ...parse(),
      server: { ...server, tls: { cert_file: '/c', key_file: '/k' } as never },
    };
    const { effective, changes } = diffConfig(before, parse());
    expect(changes.every(({ action }) => action === 'restart_required')).toBe(true);
    expect(effective).toEqual(before);
  });
});

test('once the old values are restored, nothing differs from what runs', () => {
  const rests = fc.constantFrom(
    '',
    'log: { level: warn }',
    'server: { port: 7 }',
    'dispatcher: { memory: 33MiB }',
  );
  fc.assert(
    fc.property(rests, rests, (first, second) => {
      const started = parse({ rest: first });
      const { effective } = diffConfig(started, parse({ rest: second }));
      const back = diffConfig(effective, started);
      expect(back.changes.every(({ action }) => action === 'updated')).toBe(true);
      expect(back.effective).toEqual(started);
    }),
  );
});

describe('files that are named', () => {
  const withSecret = () => parse({ rest: '' });
  const secret = (config: Config, file: string): Config => ({
    ...config,
    sinks: config.sinks.map((sink) => (sink.id === 'x' ? { ...sink, auth: { password_file: file } } : sink)),
  });

  test('with another content have the component replaced that names them', () => {
    const config = secret(withSecret(), '/secret');
    expect(changesOf(config, config, (file) => file === '/secret')).toEqual(['sinks.x replaced']);
  });

  test('of no interest are those with the same content', () => {
    const config = secret(withSecret(), '/secret');
    expect(changesOf(config, config, (file) => file === '/other')).toEqual([]);
  });

  test('of tracing need a restart', () => {
    const config = { ...parse(), tracing: { ...parse().tracing, exporter: { tls: { ca_file: '/ca' } } } };
    expect(changesOf(config as never, config as never, () => true)).toEqual([
      'tracing.exporter.tls.ca_file restart_required',
    ]);
  });

  test('of the server are its own matter', () => {
    const config = { ...parse(), server: { ...parse().server, tls: { cert_file: '/cert' } } };
    expect(changesOf(config as never, config as never, () => true)).toEqual([]);
  });
});
