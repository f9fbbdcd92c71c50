/** A secret that is written into the file is in no message, whichever way it is wrong. */
import { describe, expect, test } from 'vitest';
import * as registry from '../registry.ts';
import { parseConfig } from './load.ts';
import { ConfigError } from './problem.ts';

const SECRET = 'SUPERSECRET-0123456789';

function problemsOf(text: string, environment: Record<string, string> = {}): string {
  const rest = [
    ...(text.includes('sources:') ? [] : ['sources: [{ id: a, type: demo }]']),
    ...(text.includes('sinks:') ? [] : ['sinks: [{ id: b, type: blackhole }]']),
  ];
  try {
    parseConfig([text, ...rest].join('\n'), 'c.yaml', { registry, environment });
  } catch (error) {
    if (error instanceof ConfigError) return error.message.replaceAll(/^c\.yaml:\d+:\d+: /gm, '');
    throw error;
  }
  return '';
}

const server = (...tokens: string[]) =>
  `server: { auth: { tokens: [${tokens.map((token, at) => `{ name: t${at}, role: read, token: ${token} }`).join(', ')}] } }`;
const source = (keys: string) => `sources: [{ id: a, type: http, listen: "127.0.0.1:0", ${keys} }]`;
const loki = (keys: string) =>
  `sinks: [{ id: b, type: loki, url: http://127.0.0.1:1, auth: { username: me }, ${keys} }]`;

describe('is not quoted', () => {
  test.each([
    ['a token that another has', server(SECRET, SECRET)],
    ['a token that is too short', server('SUPERSEC')],
    ['a token of other characters', server(`"${SECRET} ä"`)],
    ['a list in place of a token', server(`[${SECRET}]`)],
    ['a token in place of its mapping', `server: { auth: { tokens: [${SECRET}] } }`],
    ['a token in place of the list', `server: { auth: { tokens: ${SECRET} } }`],
    ['a token in place of auth', `server: { auth: ${SECRET} }`],
    ['the token of a source', source('token: SUPERSEC')],
    ['the token of a source of no known type', `sources: [{ id: a, type: htp, token: ${SECRET} }]`],
    ['a password that is a mapping', loki(`auth: { username: me, password: { x: ${SECRET} } }`)],
    ['the value of a header', loki(`headers: { X-Key: "${SECRET}\\n" }`)],
    ['a password in a URL', loki('').replace('http://', `http://u:${SECRET}@`)],
    ['a password in a URL that is none', loki('').replace('http://', `xx://u:${SECRET}/a@`)],
    ['a default of a variable', server(`"\${NONE:-SUPERSEC}"`)],
  ])('%s', (_name, text) => {
    const problems = problemsOf(text);
    expect(problems).not.toBe('');
    expect(problems).not.toContain('SUPERSEC');
  });

  test('a number', () => {
    expect(problemsOf(server('1234567890'))).toBe(
      'server.auth.tokens[0].token: found [secret]; expected text; put it in quotes',
    );
  });
});

test('what is wrong with it is said', () => {
  expect(problemsOf(server('SUPERSEC'))).toContain('found [secret]; expected at least 16 characters');
  expect(problemsOf(server(SECRET, SECRET))).toContain(
    'server.auth.tokens[1].token: found [secret]; expected a token of its own: tokens[0] is the same',
  );
});

test('a variable that holds it is named', () => {
  const problems = problemsOf(server(`"\${TOKEN}"`), { TOKEN: 'SUPERSEC' });
  expect(problems).toContain(`found \${TOKEN}; expected at least 16 characters`);
});

test('its neighbours are quoted', () => {
  expect(
    problemsOf('server: { auth: { tokens: [{ name: a, role: reed, token_file: /etc/hosts }] } }'),
  ).toContain('found "reed"');
});
