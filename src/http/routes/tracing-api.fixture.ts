/** A server whose tracing is played by a test: it answers what it is told and remembers what it was asked. */
import { z } from 'zod';
import type { Logger } from '../../component/logger.ts';
import { sampleStatus } from '../../component/sample-status.ts';
import { sampleTracingStatus } from '../../component/sample-tracing-status.ts';
import type { TracingStatus } from '../schemas/tracing-status.ts';
import { buildServer } from '../server.ts';
import type { RuleRequest, TraceQuery, TracingApi } from '../tracing-api.ts';

export const NOW = Date.UTC(2026, 10, 22, 18, 0, 0);

export class FakeTracing implements TracingApi {
  readonly ruleSchema = z.strictObject({
    source_id: z.string().min(1),
    rate: z.number().min(0).max(1).default(1),
    where: z.strictObject({ contains: z.string() }).optional(),
    max_traces: z.int().min(1).optional(),
    note: z.string().optional(),
  });
  readonly settingsSchema = z.object({});
  readonly explainSchema = z.object({});
  mode: TracingStatus['mode'] = 'hybrid';
  readonly rules = new Map<string, RuleRequest>();
  /** What the next `enable` throws. */
  refusal: Error | null = null;
  asked: TraceQuery | null = null;
  found: ReturnType<TracingApi['traces']> = { traces: [], incomplete: false };
  known: ReturnType<TracingApi['trace']> = null;

  status(): TracingStatus {
    return { ...sampleTracingStatus, mode: this.mode };
  }

  enable(rule: RuleRequest) {
    if (this.refusal !== null) throw this.refusal;
    this.rules.set(rule.source_id, rule);
    return { rate: rule.rate, expires_at: '2026-11-22T18:10:00.000Z', remaining: '10m' };
  }

  disable(sourceId: string): boolean {
    return this.rules.delete(sourceId);
  }

  setMode(mode: TracingStatus['mode']): void {
    this.mode = mode;
  }

  clearMode(): boolean {
    return false;
  }

  override(): void {}

  clearSettings(): string[] {
    return [];
  }

  shownSettings() {
    return {};
  }

  explain(): never {
    throw new Error('not played here: see test/tracing');
  }

  matcher(sourceId: string) {
    return (named: { id: string; source: string }) => named.id === sourceId || named.source === sourceId;
  }

  traces(query: TraceQuery) {
    this.asked = query;
    return this.found;
  }

  trace() {
    return this.known;
  }
}

/** Sends one request to a server with this tracing. A payload is sent as JSON. */
export async function ask(
  tracing: TracingApi,
  method: 'GET' | 'POST',
  url: string,
  payload?: object | string,
) {
  const logged: [fields: object, message: string][] = [];
  const log: Logger = {
    debug() {},
    info: (fields, message) => logged.push([fields, message]),
    warn() {},
    error() {},
  };
  const metrics = { render: async () => ({ contentType: 'text/plain', body: '' }) };
  const server = buildServer({ log, status: () => sampleStatus, metrics, tracing, now: () => NOW });
  const headers = { 'content-type': 'application/json' };
  const answer = await server.inject({ method, url, ...(payload !== undefined && { payload, headers }) });
  return { status: answer.statusCode, type: answer.headers['content-type'], body: answer.json(), logged };
}
