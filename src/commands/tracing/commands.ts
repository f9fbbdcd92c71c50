/** What the commands under `log-capturer tracing` ask of a running agent. How answers look is in show.ts. */
import { resolve } from 'node:path';
import type { Explanation } from '../../http/schemas/explanation.ts';
import type { Trace, TraceList } from '../../http/schemas/traces.ts';
import type { TracingStatus } from '../../http/schemas/tracing-status.ts';
import { type ApiOptions, runClient } from '../api-client.ts';
import type { ExitCode } from '../exit-code.ts';
import {
  type Enabled,
  type Mode,
  modeOf,
  type Settings,
  showEnabled,
  showMode,
  showRules,
  showSettings,
  showStatus,
} from './show.ts';
import { showExplanation } from './show-explanation.ts';
import { showTrace, showTraces } from './show-traces.ts';

/** As commander gives them: texts, unchecked. The agent says what is wrong with them. */
export interface RuleOptions extends ApiOptions {
  readonly rate?: string;
  readonly duration?: string;
  readonly level?: string;
  readonly contains?: string;
  readonly matches?: string;
  readonly maxTraces?: string;
  readonly note?: string;
}

export interface ExplainOptions extends RuleOptions {
  readonly sample?: string;
}

export interface ModeOptions extends ApiOptions {
  readonly duration?: string;
  readonly reset?: boolean;
}

export interface ResetOptions extends ApiOptions {
  readonly reset?: boolean;
}

export interface TracesOptions extends ApiOptions {
  readonly source?: string;
  readonly outcome?: string;
  readonly reason?: string;
  readonly minDuration?: string;
  readonly maxDuration?: string;
  readonly since?: string;
  readonly until?: string;
  readonly type?: string;
  readonly limit?: string;
}

export function status(options: ApiOptions): Promise<ExitCode> {
  return runClient(options, (api) => api.ask<TracingStatus>('GET', '/api/tracing/status'), showStatus);
}

export function enable(source: string, options: RuleOptions): Promise<ExitCode> {
  const { maxTraces, note } = options;
  const body = {
    source_id: sourceId(source),
    ...ruleOf(options),
    ...(maxTraces !== undefined && { max_traces: numberOf(maxTraces) }),
    ...(note !== undefined && { note }),
  };
  return runClient(options, (api) => api.ask<Enabled>('POST', '/api/tracing/enable', body), showEnabled);
}

export function disable(source: string, options: ApiOptions): Promise<ExitCode> {
  const body = { source_id: sourceId(source) };
  return runClient(
    options,
    (api) => api.ask<{ source_id: string }>('POST', '/api/tracing/disable', body),
    ({ source_id }) => `the rule for ${source_id} has ended\n`,
  );
}

export function rules(options: ApiOptions): Promise<ExitCode> {
  return runClient(
    options,
    (api) => api.ask<{ mode: string; rules: TracingStatus['on_demand_rules'] }>('GET', '/api/tracing/rules'),
    ({ mode, rules: inForce }) => showRules(mode, inForce),
  );
}

export function mode(wanted: string | undefined, options: ModeOptions): Promise<ExitCode> {
  const { duration, reset } = options;
  return runClient<Mode>(
    options,
    async (api) => {
      if (reset) return api.ask('DELETE', '/api/tracing/mode');
      if (wanted !== undefined) return api.ask('PUT', '/api/tracing/mode', { mode: wanted, duration });
      return modeOf(await api.ask<TracingStatus>('GET', '/api/tracing/status'));
    },
    showMode,
  );
}

/** @param changes `KEY=VALUE`; with `--reset` keys alone. */
export function settings(changes: readonly string[], options: ResetOptions): Promise<ExitCode> {
  const path = '/api/tracing/settings';
  return runClient<Settings>(
    options,
    (api) => {
      if (changes.length > 0) return api.ask('PATCH', path, patchOf(changes));
      return api.ask(options.reset ? 'DELETE' : 'GET', path);
    },
    showSettings,
  );
}

export function explain(source: string, options: ExplainOptions): Promise<ExitCode> {
  const rule = ruleOf(options);
  const body = {
    source_id: sourceId(source),
    ...(options.sample !== undefined && { sample: options.sample }),
    ...(Object.keys(rule).length > 0 && { rule }),
  };
  return runClient(
    options,
    (api) => api.ask<Explanation>('POST', '/api/tracing/explain', body),
    showExplanation,
  );
}

export function traces(options: TracesOptions): Promise<ExitCode> {
  const query = new URLSearchParams();
  const { minDuration, maxDuration, source, outcome, reason, since, until, type, limit } = options;
  const filters = {
    source: source === undefined ? undefined : sourceId(source),
    outcome,
    reason,
    min_duration: minDuration,
    max_duration: maxDuration,
    since,
    until,
    type,
    limit,
  };
  for (const [name, value] of Object.entries(filters)) if (value !== undefined) query.set(name, value);
  return runClient(
    options,
    (api) => api.ask<TraceList>('GET', `/api/traces?${query.toString()}`),
    showTraces,
  );
}

export function trace(id: string, options: ApiOptions): Promise<ExitCode> {
  const path = `/api/traces/${encodeURIComponent(id)}`;
  return runClient(options, (api) => api.ask<Trace>('GET', path), showTrace);
}

function ruleOf({ rate, duration, level, contains, matches }: RuleOptions): object {
  const where = { level, contains, matches };
  return {
    ...(rate !== undefined && { rate: numberOf(rate) }),
    ...(duration !== undefined && { duration }),
    ...(Object.values(where).some((part) => part !== undefined) && { where }),
  };
}

/** `a.b=1` as `{a: {b: 1}}`; a key without a value is set back (`null`). */
export function patchOf(changes: readonly string[]): Record<string, unknown> {
  const patch: Record<string, unknown> = Object.create(null);
  for (const change of changes) {
    const equals = change.indexOf('=');
    const path = equals === -1 ? change : change.slice(0, equals);
    const keys = path.split('.');
    let at = patch;
    for (const key of keys.slice(0, -1)) {
      const inner = at[key];
      at[key] = typeof inner === 'object' && inner !== null ? inner : Object.create(null);
      at = at[key] as Record<string, unknown>;
    }
    at[keys.at(-1)!] = equals === -1 ? null : settingOf(change.slice(equals + 1));
  }
  return patch;
}

function settingOf(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return numberOf(text);
}

/** A text that is no number, or one too small to be told from 0, stays a text, so that the agent can say what is wrong with it. */
function numberOf(text: string): number | string {
  const number = Number(text);
  const isLost = number === 0 && /[1-9]/.test(text);
  return text.trim() === '' || Number.isNaN(number) || isLost ? text : number;
}

/**
 * The agent knows files by absolute paths, so one from here is made absolute, also in a glob and of a file that is not there
 * yet. What has no slash names a source or a container; a glob that begins with a wildcard may begin anywhere.
 */
function sourceId(text: string): string {
  return text.includes('/') && !/^[/*?[{]/.test(text) ? resolve(text) : text;
}
