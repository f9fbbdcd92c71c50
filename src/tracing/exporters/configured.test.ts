import { expect, test } from 'vitest';
import { settingsOf } from '../decision/decision.fixture.ts';
import type { TracingSettings } from '../settings/settings.ts';
import { ConfiguredExporters } from './configured.ts';
import type { SpanExporter } from './exporter.ts';

const at = (port: number) => ({ type: 'otlp', endpoint: `http://127.0.0.1:${port}/v1/traces` });
const named = (...ports: readonly number[]) => settingsOf({ exporters: ports.map(at) });

function setUp() {
  const built: TracingSettings[] = [];
  const exporters = new ConfiguredExporters((settings) => {
    if (JSON.stringify(settings.exporters).includes(':666/')) throw new Error('no certificate');
    built.push(settings);
    return [{ number: built.length } as unknown as SpanExporter];
  });
  return { exporters, built };
}

test('what is as before stays, what is not is built', () => {
  const { exporters, built } = setUp();
  const [first, second] = exporters.of(named(1, 2));
  const [again, other] = exporters.of(named(1, 3));
  expect(again).toBe(first);
  expect(other).not.toBe(second);
  expect(built.map((settings) => settings.exporters.length)).toEqual([1, 1, 1]);
});

test('another resource is in what all of them send, so all are built anew', () => {
  const { exporters } = setUp();
  const [first] = exporters.of(named(1));
  const settings = named(1);
  const [other] = exporters.of({ ...settings, resource: { ...settings.resource, environment: 'staging' } });
  expect(other).not.toBe(first);
});

test('after one that cannot be built, those from before are still known', () => {
  const { exporters } = setUp();
  const [first] = exporters.of(named(1));
  expect(() => exporters.of(named(1, 666))).toThrow('no certificate');
  expect(exporters.of(named(1))).toEqual([first]);
  expect(exporters.of(named(1))[0]).toBe(first);
});
