import { expect, test } from 'vitest';
import { bearer, CONTROL_TOKEN, TOKENS, testServer } from './server.fixture.ts';

const AT = '2023-11-14T22:13:20.000Z';

function withChanges() {
  const it = testServer({ auth: { tokens: TOKENS } });
  it.server.post('/change/:n', async (request) => {
    const { n } = request.params as { n: string };
    request.audit({
      action: 'test.change',
      target: n,
      before: { rate: 0 },
      after: { rate: 1 },
      note: 'OPS-1',
    });
    return 'done';
  });
  const change = (n: number) =>
    it.server.inject({
      method: 'POST',
      url: `/change/${n}`,
      headers: bearer(CONTROL_TOKEN),
      remoteAddress: '10.0.0.9',
    });
  const trail = async () =>
    (await it.server.inject({ url: '/api/audit', headers: bearer(CONTROL_TOKEN) })).json().changes;
  return { ...it, change, trail };
}

const ENTRY = {
  who: 'ops',
  role: 'control',
  via: 'token',
  from: '10.0.0.9',
  action: 'test.change',
  target: '1',
  before: { rate: 0 },
  after: { rate: 1 },
  note: 'OPS-1',
};

test('a change is one log line', async () => {
  const { change, logged } = withChanges();
  await change(1);
  expect(logged).toEqual([
    { level: 'info', fields: { audit: true, ...ENTRY }, message: 'changed through the API' },
  ]);
});

test('it can be asked for, with its time', async () => {
  const { change, trail } = withChanges();
  await change(1);
  expect(await trail()).toEqual([{ at: AT, ...ENTRY }]);
});

test('the last 200 are kept, the newest first', async () => {
  const { change, trail } = withChanges();
  for (let n = 0; n < 205; n++) await change(n);
  const targets = (await trail()).map(({ target }: { target: string }) => Number(target));
  expect(targets).toHaveLength(200);
  expect([targets[0], targets.at(-1)]).toEqual([204, 5]);
});

test('what was refused is no change', async () => {
  const { server, trail } = withChanges();
  await server.inject({ method: 'POST', url: '/change/1' });
  expect(await trail()).toEqual([]);
});
