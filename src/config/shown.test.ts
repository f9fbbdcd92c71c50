import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import * as registry from '../registry.ts';
import { parseConfig } from './load.ts';
import { configViewer, MASK } from './shown.ts';

const view = configViewer(registry);

const SECRETS = {
  TOKEN: 'token-0123456789abcdef0123456789abcdef',
  PASSWORD: 'hunter2hunter2',
  KEY: 'header-0123456789',
};

const FILE = `
server:
  auth: { tokens: [{ name: ops, role: control, token: "\${TOKEN}" }] }
sources:
  - { id: app, type: file, include: [/var/log/app.log], labels: { token: not-secret-by-schema } }
sinks:
  - id: loki
    type: loki
    url: http://127.0.0.1:3100
    auth: { username: me, password: "\${PASSWORD}" }
    headers: { X-Api-Key: "\${KEY}" }
dispatcher: { batch_timeout: 1500ms, memory: 64MiB, batch_bytes: 1000000B }
tracing:
  exporter: { type: otlp, endpoint: "http://u:\${PASSWORD}@127.0.0.1:4318/v1/traces?key=\${KEY}", headers: { authorization: "\${KEY}" } }
`;

function parse(text: string, environment: Record<string, string> = SECRETS) {
  return parseConfig(text, 'c.yaml', { registry, environment });
}

test('no secret is in what is shown', () => {
  const text = JSON.stringify(view(parse(FILE)));
  for (const secret of Object.values(SECRETS)) expect(text).not.toContain(secret);
  expect(text).toContain(MASK);
});

test('what is no secret is shown as it is written', () => {
  expect(view(parse(FILE))).toMatchObject({
    server: { port: 8401, auth: { tokens: [{ name: 'ops', role: 'control', token: MASK }] } },
    sources: [{ id: 'app', type: 'file', include: ['/var/log/app.log'] }],
    sinks: [
      {
        url: 'http://127.0.0.1:3100',
        auth: { username: 'me', password: MASK },
        headers: { 'X-Api-Key': MASK },
      },
    ],
    dispatcher: { batch_timeout: '1500ms', memory: '64MiB', batch_bytes: '1000000B' },
    tracing: {
      mode: 'hybrid',
      tail: { slow: '1s' },
      exporter: {
        endpoint: `http://${MASK}@127.0.0.1:4318/v1/traces?${MASK}`,
        headers: { authorization: MASK },
      },
    },
  });
});

test('it may be written to a file and means the same', () => {
  const text = `
sources: [{ id: app, type: demo }]
sinks: [{ id: out, type: loki, url: http://127.0.0.1:3100 }, { id: file, type: file, path: /tmp/x }]
tracing: { exporters: [{ type: jaeger }, { type: file, path: /tmp/y, max_bytes: 1MiB }] }`;
  const config = parse(text, {});
  expect(parse(stringify(view(config)), {})).toEqual(config);
});

test('a key that sounds secret is masked wherever it is', () => {
  const config = parse(FILE);
  const odd = { ...config, state_dir: '.', extra: { db_password: 'x', nested: [{ apikey: 'y' }] } };
  expect(view(odd)).toMatchObject({ extra: { db_password: MASK, nested: [{ apikey: MASK }] } });
});
