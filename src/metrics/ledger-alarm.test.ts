import { expect, test } from 'vitest';
import { FakeClock } from '../component/fake-clock.ts';
import { sampleStatus } from '../component/sample-status.ts';
import type { LedgerStatus } from '../component/status.ts';
import { LedgerAlarm } from './ledger-alarm.ts';

type Ledgers = Parameters<LedgerAlarm['collect']>[1];

const source = sampleStatus.sources[0]!;
const sink = sampleStatus.sinks[0]!;

function rig() {
  const clock = new FakeClock();
  const errors: { fields: object; message: string }[] = [];
  const log = {
    debug() {},
    info() {},
    warn() {},
    error: (fields: object, message: string) => void errors.push({ fields, message }),
  };
  let status: Ledgers = { sources: [source], sinks: [sink] };
  const alarm = new LedgerAlarm({ status: () => status, clock, log });
  const counts = () => {
    const set: [number, object][] = [];
    alarm.collect(
      { set: (_name: string, value: number, labels: object) => set.push([value, labels]) } as never,
      status,
    );
    return set;
  };
  const lose = (ledger: Partial<LedgerStatus>) => {
    status = { sources: [{ ...source, ledger: { ...source.ledger, ...ledger } }], sinks: [sink] };
  };
  return { clock, errors, alarm, counts, lose };
}

test('says once which ledger does not balance and by how much, and counts every look that finds it so', async () => {
  const { clock, errors, alarm, counts, lose } = rig();
  alarm.start();
  lose({ balanced: false, read: source.ledger.read + 2 });
  await clock.advance(10_000);
  expect(errors).toHaveLength(1);
  expect(errors[0]!.fields).toMatchObject({ source: 'nginx', difference: 2 });
  expect(counts()).toEqual([
    [2, { component: 'source', id: 'nginx' }],
    [0, { component: 'sink', id: 'archive' }],
  ]);
});

test('is quiet while every ledger balances', async () => {
  const { clock, errors, alarm, counts } = rig();
  alarm.start();
  await clock.advance(60_000);
  expect(errors).toEqual([]);
  expect(counts().map(([value]) => value)).toEqual([0, 0]);
});

test('stops looking when it is ended', async () => {
  const { clock, errors, alarm, lose } = rig();
  alarm.start();
  alarm.stop();
  lose({ balanced: false });
  await clock.advance(60_000);
  expect(errors).toEqual([]);
});
