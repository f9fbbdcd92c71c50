import { describe, expect, test } from 'vitest';
import { serverSchema, whyExposed } from './server-schema.ts';

const SECRET = 'a-secret-of-16-characters';

function messages(server: object): string[] {
  const result = serverSchema.safeParse(server);
  return result.success
    ? []
    : result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
}

function token(changes: object = {}) {
  return { name: 'ops', role: 'control', token: SECRET, ...changes };
}

function withTokens(...tokens: object[]) {
  return { auth: { tokens } };
}

test('nothing written: loopback, no one is asked for a token', () => {
  expect(serverSchema.parse({})).toEqual({
    host: '127.0.0.1',
    port: 8401,
    allowed_hosts: [],
    auth: { tokens: [] },
    rate_limit: { requests: 500, per: 1000 },
    limits: { connections: 256, body: 2 ** 20, request_timeout: 30_000, keep_alive: 75_000 },
  });
});

describe('an address that other hosts reach', () => {
  const tokens = [token()];

  test.each(['0.0.0.0', '::', '10.0.0.5', 'agent.example.com', '127.0.0.1.example.com', '', 5])(
    '%j is refused without authentication',
    (host) => {
      expect(whyExposed(host, undefined, undefined)).toMatch(/server\.auth\.tokens.*client_ca_file/);
      expect(whyExposed(host, [], undefined)).toBeDefined();
    },
  );

  test('is accepted with a token or with certificates of clients', () => {
    expect(whyExposed('0.0.0.0', tokens, undefined)).toBeUndefined();
    expect(whyExposed('0.0.0.0', undefined, 'ca.pem')).toBeUndefined();
  });

  test('loopback, or nothing written, is accepted without', () => {
    expect(whyExposed('127.0.0.1', undefined, undefined)).toBeUndefined();
    expect(whyExposed(undefined, undefined, undefined)).toBeUndefined();
  });
});

describe('tokens', () => {
  test('are given in one way', () => {
    const both = withTokens(token({ token_file: '/run/secrets/t' }));
    const none = withTokens(token({ token: undefined }));
    for (const server of [both, none]) {
      expect(messages(server)).toEqual(['auth.tokens.0: expected one of token, token_file']);
    }
  });

  test('that are short are refused, without being repeated', () => {
    const [message] = messages(withTokens(token({ token: 'hunter2' })));
    expect(message).toMatch(/^auth\.tokens\.0\.token: expected at least 16 characters/);
    expect(message).not.toContain('hunter2');
  });

  test('that no header can carry are refused', () => {
    expect(messages(withTokens(token({ token: `${SECRET}\r\nx` })))[0]).toMatch(/expected letters, digits/);
  });

  test('have names of their own', () => {
    const other = token({ token: `${SECRET}2` });
    expect(messages(withTokens(token(), other))).toEqual([
      'auth.tokens.1.name: expected a name of its own: tokens[0] has it, too',
    ]);
  });

  test('differ, without being repeated', () => {
    const found = messages(withTokens(token(), token({ name: 'other', role: 'read' })));
    expect(found).toEqual(['auth.tokens.1.token: expected a token of its own: tokens[0] is the same']);
  });

  test('are marked as secret', () => {
    const { shape } = serverSchema.shape.auth.unwrap().shape.tokens.unwrap().element;
    expect(shape.token.meta()).toMatchObject({ writeOnly: true });
  });
});

describe('certificates of clients', () => {
  const server = { cert_file: 'c', key_file: 'k' };

  test('need an authority', () => {
    expect(messages({ tls: { ...server, client_roles: { ops: 'read' } } })[0]).toMatch(/^tls\.client_roles/);
  });

  test('need roles', () => {
    expect(messages({ tls: { ...server, client_ca_file: 'ca' } })[0]).toMatch(/^tls\.client_ca_file/);
  });
});
