/** Who may use the API of the real agent: tokens, their rotation, the audit trail, and traces of requests. */
import { type ChildProcess, execFile } from 'node:child_process';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AgentUnderTest, until } from '../fixtures/agent.ts';

const LAUNCHER = join(import.meta.dirname, '..', '..', 'bin', 'log-capturer');
const READ = 'a-token-for-reading-only';
const CONTROL = 'a-token-for-everything';
const NEW_CONTROL = 'a-token-for-tomorrow';
const TRACE = '0af7651916cd43dd8448eb211c80319c';

let agent: AgentUnderTest;

beforeEach(async () => {
  agent = await AgentUnderTest.create();
  await mkdir(join(agent.dir, 'in'));
  await writeFile(join(agent.dir, 'in', 'x.log'), 'one\ntwo\n');
  await writeFile(join(agent.dir, 'control.token'), `${CONTROL}\n`);
  agent.headers = { authorization: `Bearer ${READ}` };
});
afterEach(() => agent[Symbol.asyncDispose]());

function config(readToken = READ, server: object = {}): object {
  const tokens = [
    { name: 'grafana', role: 'read', token: readToken },
    { name: 'ops', role: 'control', token_file: join(agent.dir, 'control.token') },
  ];
  return {
    server: { port: agent.port, auth: { tokens }, ...server },
    sources: [{ id: 'in', type: 'file', include: [join(agent.dir, 'in', '*.log')] }],
    sinks: [{ id: 'out', type: 'blackhole' }],
  };
}

async function start(): Promise<ChildProcess> {
  await agent.configure(config());
  return agent.start();
}

async function enable(token: string | undefined, headers: object = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${agent.port}/api/tracing/enable`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify({ source_id: 'in', note: 'OPS-1' }),
  });
}

test('tokens decide who may look and who may change', async () => {
  await start();
  const url = `http://127.0.0.1:${agent.port}`;
  expect((await fetch(`${url}/health`)).status).toBe(200);
  expect((await fetch(`${url}/api/status`)).status).toBe(401);
  expect((await fetch(`${url}/metrics`)).status).toBe(401);
  expect((await agent.get('/metrics')).status).toBe(200);
  expect([(await enable(undefined)).status, (await enable(READ)).status]).toEqual([401, 403]);
  expect((await enable(CONTROL)).status).toBe(200);
});

test('a change leaves an audit line and an entry, a refusal does not', async () => {
  await start();
  await enable(READ);
  await enable(CONTROL);
  const { changes } = (await (await agent.get('/api/audit')).json()) as { changes: object[] };
  const entry = { who: 'ops', role: 'control', action: 'tracing.enable', target: 'in', note: 'OPS-1' };
  expect(changes).toEqual([expect.objectContaining(entry)]);
  const lines = agent.stderr.split('\n').filter((line) => line.includes('"audit":true'));
  expect(lines.map((line) => JSON.parse(line))).toEqual([expect.objectContaining(entry)]);
  expect(agent.stderr + JSON.stringify(changes)).not.toContain(CONTROL);
});

describe('tokens change without a restart', () => {
  test('by another configuration', async () => {
    await start();
    const next = 'another-token-for-reading';
    await agent.configure(config(next));
    await until(async () => (await agent.get('/api/whoami')).status === 401);
    agent.headers = { authorization: `Bearer ${next}` };
    expect((await agent.get('/api/whoami')).status).toBe(200);
  });

  test('by another file in the place of that of before', async () => {
    const child = await start();
    await writeFile(join(agent.dir, 'next.token'), NEW_CONTROL);
    await rename(join(agent.dir, 'next.token'), join(agent.dir, 'control.token'));
    // It would be seen by itself within ten seconds.
    child.kill('SIGHUP');
    await until(async () => (await enable(CONTROL)).status === 401);
    expect((await enable(NEW_CONTROL)).status).toBe(200);
  });
});

test('a page of another origin cannot change anything, not even with a token', async () => {
  await start();
  expect((await enable(CONTROL, { origin: 'https://evil.example' })).status).toBe(403);
});

test('a request joins the trace of its caller, and the agent knows it by its id', async () => {
  await start();
  await enable(CONTROL, { traceparent: `00-${TRACE}-b7ad6b7169203331-01` });
  const answer = await agent.get(`/api/traces/${TRACE}`);
  const { traces } = (await answer.json()) as { traces: { spans: object[] }[] };
  expect(traces[0]?.spans).toEqual([
    expect.objectContaining({
      name: 'POST /api/tracing/enable',
      kind: 'server',
      parent_span_id: 'b7ad6b7169203331',
      attributes: expect.objectContaining({ 'http.response.status_code': 200, 'user.name': 'ops' }),
    }),
  ]);
});

test('an address that others reach is refused by validate when everybody could control the agent', async () => {
  await agent.configure({ ...config(), server: { host: '0.0.0.0' } });
  const run = promisify(execFile)(LAUNCHER, ['validate', 'config.yaml'], { cwd: agent.dir });
  await expect(run).rejects.toMatchObject({
    stderr: expect.stringMatching(/server\.host: .*server\.auth\.tokens/),
  });
  expect(await readFile(join(agent.dir, 'config.yaml'), 'utf8')).toContain('0.0.0.0');
});
