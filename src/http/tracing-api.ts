/**
 * What the routes under `/api/tracing` and `/api/traces` need of tracing. `Tracing` (src/tracing) is one; HTTP does not
 * import it, so that tests stand in for it and so that it may live in another thread some day.
 */
import type { z } from 'zod';
import type { Trace, TraceList } from './schemas/traces.ts';
import type { TracingStatus } from './schemas/tracing-status.ts';

/** A rule as `ruleSchema` gave it; it may hold more than HTTP needs to know. */
export interface RuleRequest {
  readonly source_id: string;
  readonly rate: number;
  readonly note?: string | undefined;
}

/** A rule that was put in force. */
export interface EnabledRule {
  readonly rate: number;
  /** ISO 8601. */
  readonly expires_at: string;
  /** Such as `10m`. */
  readonly remaining: string;
}

/** A stream, or a configured source as a whole when both are the same. */
export interface Named {
  readonly id: string;
  readonly source: string;
}

/** Times are milliseconds since 1970, durations milliseconds. */
export interface TraceQuery {
  readonly traceId?: string | undefined;
  readonly sourceId?: string | undefined;
  readonly outcome?: NonNullable<TraceList['traces'][number]['outcome']> | undefined;
  readonly reason?: NonNullable<TraceList['traces'][number]['reason']> | undefined;
  readonly minDurationMs?: number | undefined;
  readonly maxDurationMs?: number | undefined;
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly type?: TraceList['traces'][number]['type'] | undefined;
  readonly limit?: number | undefined;
}

export interface TracingApi {
  /** Body of an enable request. */
  readonly ruleSchema: z.ZodType<RuleRequest>;
  status(): TracingStatus;
  /** @throws RuleRefusal */
  enable(rule: RuleRequest): EnabledRule;
  /** False when no rule was enabled with this source id. */
  disable(sourceId: string): boolean;
  /** A test of whether a rule for this source id has a say in what is named. */
  matcher(sourceId: string): (named: Named) => boolean;
  traces(query: TraceQuery): TraceList;
  /** Null when nothing of it is remembered. */
  trace(traceId: string): Omit<Trace, 'trace_id'> | null;
}

/** Thrown by `enable` when the rule is well formed but cannot be taken. */
export interface RuleRefusal extends Error {
  readonly kind: 'disabled' | 'too_many';
}

export function isRuleRefusal(error: unknown): error is RuleRefusal {
  return error instanceof Error && error.name === 'RuleRefusedError' && 'kind' in error;
}
