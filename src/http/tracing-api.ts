/**
 * What the routes under `/api/tracing` and `/api/traces` need of tracing. `Tracing` (src/tracing) is one; HTTP does not
 * import it, so that tests stand in for it and so that it may live in another thread some day.
 */
import type { z } from 'zod';
import type { Explanation } from './schemas/explanation.ts';
import type { Trace, TraceList } from './schemas/traces.ts';
import type { TracingStatus } from './schemas/tracing-status.ts';

/** A rule as `ruleSchema` gave it; it may hold more than HTTP needs to know. */
export interface RuleRequest {
  readonly source_id: string;
  readonly rate: number;
  /** Which of its logs; absent: all. */
  readonly where?: object | undefined;
  readonly max_traces?: number | undefined;
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

/** Settings as `settingsSchema` gave them, and a question as `explainSchema` did; only tracing looks inside. */
export type SettingsPatch = object;
export type ExplainRequest = object;

export interface TracingApi {
  /** Bodies of enable, settings and explain requests. */
  readonly ruleSchema: z.ZodType<RuleRequest>;
  readonly settingsSchema: z.ZodType<SettingsPatch>;
  readonly explainSchema: z.ZodType<ExplainRequest>;
  status(): TracingStatus;
  /** @throws RuleRefusal */
  enable(rule: RuleRequest): EnabledRule;
  /** False when no rule was enabled with this source id. */
  disable(sourceId: string): boolean;
  /** Overrides the mode, for a while or until it is cleared. @param durationMs more than 0. */
  setMode(mode: TracingStatus['mode'], durationMs?: number): void;
  /** False when the mode was not overridden. */
  clearMode(): boolean;
  /** @throws OverrideRefusal */
  override(patch: SettingsPatch): void;
  /** Paths of the settings that were overridden. */
  clearSettings(): readonly string[];
  /** Everything that can be overridden, by its path. */
  shownSettings(): Readonly<Record<string, string | number | boolean | null>>;
  /** @param known every configured source and every stream. */
  explain(request: ExplainRequest, known: readonly Named[]): Explanation;
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

/** Thrown by `override` when settings are well formed but contradict others. */
export interface OverrideRefusal extends Error {
  /** Path of the setting. */
  readonly field: string;
}

export function isOverrideRefusal(error: unknown): error is OverrideRefusal {
  return error instanceof Error && error.name === 'OverrideRefusedError' && 'field' in error;
}
