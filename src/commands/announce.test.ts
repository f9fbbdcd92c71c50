import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import type { Logger } from '../component/logger.ts';
import { sampleStatus } from '../component/sample-status.ts';
import type { AgentStatus } from '../component/status.ts';
import type { Config } from '../config/schema.ts';
import { announceEnd, announceStart } from './announce.ts';

function recorder() {
  const lines: [level: string, fields: object, message: string][] = [];
  const at = (level: string) => (fields: object, message: string) => {
    lines.push([level, fields, message]);
  };
  const log: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  return { lines, log };
}

test('the start names the file, and every source and sink with its place', () => {
  const { lines, log } = recorder();
  const config = {
    state_dir: './data',
    sources: [
      { id: 'web', type: 'file', include: ['/var/log/*.log'] },
      { id: 'in', type: 'stdin' },
    ],
    sinks: [
      { id: 'loki', type: 'loki', url: 'http://u:hidden@loki:3100/x?token=hidden', sources: ['*'] },
      { id: 'out', type: 'file', path: 'out/{source}.log', sources: ['web'] },
    ],
  } as unknown as Config;
  announceStart(config, 'c.yaml', log);
  expect(lines).toEqual([
    ['info', { config_file: resolve('c.yaml'), state_dir: resolve('data') }, 'running'],
    ['info', { source: 'web', type: 'file', include: ['/var/log/*.log'] }, 'reads'],
    ['info', { source: 'in', type: 'stdin' }, 'reads'],
    ['info', { sink: 'loki', type: 'loki', url: 'http://loki:3100/x', sources: ['*'] }, 'delivers'],
    ['info', { sink: 'out', type: 'file', path: 'out/{source}.log', sources: ['web'] }, 'delivers'],
  ]);
});

const LEDGER = {
  read: 0,
  read_bytes: 0,
  delivered: 0,
  filtered: 0,
  dead_lettered: 0,
  dropped: {},
  in_flight: 0,
  balanced: true,
};
function status(type: string, ledger: object, details = {}): AgentStatus {
  const source = {
    id: 's',
    type,
    state: 'stopped',
    streams: [],
    processors: [],
    details,
    ledger: { ...LEDGER, ...ledger },
  };
  return { ...sampleStatus, sources: [source] } as AgentStatus;
}

test('the last line says how much was delivered and what is left', () => {
  const { lines, log } = recorder();
  expect(announceEnd(status('file', { delivered: 7, in_flight: 2, dropped: { gone: 1 } }), log)).toBe(0);
  expect(lines).toEqual([
    ['info', { delivered: 7, in_flight: 2, dropped: 1 }, 'stopped: 7 delivered, 2 in flight'],
  ]);
});

test.each([
  ['records not delivered', { in_flight: 2 }, {}],
  ['bytes not taken over', {}, { bytes_lost: 9 }],
])('what standard input lost is an error and a failure: %s', (_name, ledger, details) => {
  const { lines, log } = recorder();
  expect(announceEnd(status('stdin', ledger, details), log)).toBe(1);
  expect(lines.map(([level, , message]) => `${level}: ${message}`)).toEqual([
    'error: logs are lost: they were not delivered in time, and stdin cannot be read again',
    expect.stringMatching(/^info: stopped: /),
  ]);
});

test('standard input that was delivered to its end is no failure', () => {
  expect(announceEnd(status('stdin', { delivered: 3 }, { bytes_lost: 0 }), recorder().log)).toBe(0);
});
