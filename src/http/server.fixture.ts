/** A server for tests of hooks: its clock is moved by hand; what it logs, counts and records can be looked at. */
import { FakeClock } from '../component/fake-clock.ts';
import type { Logger } from '../component/logger.ts';
import { sampleStatus } from '../component/sample-status.ts';
import { RequestCounts } from './request-counts.ts';
import type { ServerSpan } from './request-spans.ts';
import { FakeTracing } from './routes/tracing-api.fixture.ts';
import { buildServer, type HttpOptions } from './server.ts';
import type { Server } from './server-type.ts';

export const READ_TOKEN = 'a-token-that-may-read';
export const CONTROL_TOKEN = 'a-token-that-may-control';
export const TOKENS = [
  { name: 'grafana', role: 'read', token: READ_TOKEN },
  { name: 'ops', role: 'control', token: CONTROL_TOKEN },
] as const;

export interface Logged {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

export interface TestServer {
  readonly server: Server;
  readonly options: HttpOptions;
  readonly clock: FakeClock;
  readonly counts: RequestCounts;
  readonly tracing: FakeTracing;
  readonly spans: ServerSpan[];
  readonly logged: Logged[];
}

/** What `HttpServer` takes, listening on any free port of 127.0.0.1, and what can be seen of it. */
export function testOptions(changes: Partial<HttpOptions> = {}): Omit<TestServer, 'server'> {
  const logged: Logged[] = [];
  const at = (level: Logged['level']) => (fields: object, message: string) => {
    logged.push({ level, fields, message });
  };
  const log: Logger = { debug() {}, info: at('info'), warn: at('warn'), error: at('error') };
  const clock = new FakeClock();
  const counts = new RequestCounts();
  const tracing = new FakeTracing();
  const spans: ServerSpan[] = [];
  const options: HttpOptions = {
    host: '127.0.0.1',
    port: 0,
    log,
    status: () => sampleStatus,
    metrics: { render: async () => ({ contentType: 'text/plain', body: 'a 1\n' }) },
    tracing,
    spans: { serverSpan: (span) => spans.push(span) },
    counts,
    clock,
    now: () => clock.toEpoch(clock.now()),
    ...changes,
  };
  return { options, clock, counts, tracing, spans, logged };
}

/** One that is asked with `inject`. */
export function testServer(changes: Partial<HttpOptions> = {}): TestServer {
  const parts = testOptions(changes);
  return { ...parts, server: buildServer(parts.options) };
}

export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}
