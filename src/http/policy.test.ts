import { describe, expect, test } from 'vitest';
import { FakeClock } from '../component/fake-clock.ts';
import { Policy } from './policy.ts';
import type { ServerSettings } from './server-settings.ts';

const TOKEN = 'a-token-of-some-length';

function settings(changes: Partial<ServerSettings> = {}): ServerSettings {
  return { host: '127.0.0.1', port: 0, ...changes };
}

function tokens(...names: string[]): Partial<ServerSettings> {
  return { auth: { tokens: names.map((name) => ({ name, role: 'read', token: `${TOKEN}-${name}` })) } };
}

function policy(changes: Partial<ServerSettings> = {}): Policy {
  return new Policy(settings(changes), new FakeClock());
}

test('other settings are in force once they are committed', () => {
  const it = policy(tokens('a'));
  const commit = it.prepare(settings(tokens('b')));
  expect(it.rules.tokens.find(`${TOKEN}-a`)?.name).toBe('a');
  commit();
  expect(it.rules.tokens.find(`${TOKEN}-a`)).toBeNull();
  expect(it.rules.tokens.find(`${TOKEN}-b`)?.name).toBe('b');
});

test('settings that cannot be used change nothing', () => {
  const it = policy(tokens('a'));
  const missing = { auth: { tokens: [{ name: 'b', role: 'read', token_file: '/nowhere' }] } } as const;
  expect(() => it.prepare(settings(missing))).toThrow(/\/nowhere cannot be read/);
  expect(it.rules.tokens.find(`${TOKEN}-a`)?.name).toBe('a');
});

describe('on an address that others reach', () => {
  test('there is no server that asks nobody who they are', () => {
    expect(() => policy({ host: '0.0.0.0' })).toThrow(
      /everybody who reaches 0\.0\.0\.0 could control the agent/,
    );
  });

  test('authentication cannot be taken away while it runs', () => {
    const it = policy({ host: '0.0.0.0', ...tokens('a') });
    expect(() => it.prepare(settings({ host: '0.0.0.0' }))).toThrow(/restart the agent/);
    expect(it.rules.isOpen).toBe(false);
  });
});

describe('budgets of clients', () => {
  const limited = (requests: number) => settings({ rate_limit: { requests, per: 1000 } });

  test('are kept while the rate stays the same', () => {
    const it = policy({ rate_limit: { requests: 1, per: 1000 } });
    expect(it.rules.rate?.budgets.take('a')).toBe(0);
    it.prepare({ ...limited(1), ...tokens('b') })();
    expect(it.rules.rate?.budgets.take('a')).toBeGreaterThan(0);
  });

  test('begin anew with another rate', () => {
    const it = policy({ rate_limit: { requests: 1, per: 1000 } });
    it.rules.rate?.budgets.take('a');
    it.prepare(limited(2))();
    expect(it.rules.rate?.budgets.take('a')).toBe(0);
  });
});

test('certificates without roles left let nobody in', () => {
  const tls = { cert_file: 'c', key_file: 'k', client_ca_file: 'ca' };
  const it = policy({ tls: { ...tls, client_roles: { a: 'read' } } });
  it.prepare(settings({ tls: { ...tls, client_roles: {} } }))();
  expect(it.rules).toMatchObject({ isOpen: false, clientRoles: {} });
});
