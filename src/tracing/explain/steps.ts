/**
 * Says for one stream what decides about its logs now, step by step as in decision/decision.ts, with the reason in words.
 * Reads what the decision reads and chooses nothing. Called by explain.ts when somebody asks.
 */
import { formatDuration } from '../../component/units.ts';
import { ContextFlag } from '../../kernel/context-row.ts';
import { extractContext } from '../../kernel/twins/extract-contexts.ts';
import type { AdaptiveStatus } from '../adaptive/adaptive.ts';
import type { Named } from '../decision/source-pattern.ts';
import type { Reason } from '../mode.ts';
import type { Where } from '../on-demand/on-demand-request.ts';
import { compileWhere } from '../on-demand/on-demand-where.ts';
import type { TracingSettings } from '../settings/settings.ts';

/** `decides`: this settles it; `passes`: it has no say; `not_reached`: a step above decided; `adjusts`: changes the rate that was decided; `adds`: may trace more afterwards. */
export type StepOutcome = 'decides' | 'passes' | 'not_reached' | 'adjusts' | 'adds';

export interface Step {
  readonly step:
    | 'exclude'
    | 'mode'
    | 'on_demand'
    | 'incoming_context'
    | 'adaptive'
    | 'base_rate'
    | 'max_overhead'
    | 'tail';
  readonly outcome: StepOutcome;
  readonly detail: string;
}

/** What would be decided, and each step on the way there. */
export interface StreamDecision {
  /** Probability that a log is traced, 0 to 1. */
  readonly rate: number;
  /** Absent when nothing is traced. */
  readonly reason?: Reason;
  readonly steps: readonly Step[];
}

/** A rule in force, as far as it matters here. */
export interface NamedRule {
  readonly sourceId: string;
  readonly rate: number;
  readonly request: { readonly where?: Where | undefined };
}

/** What decides, as it is now. */
export interface Deciding {
  readonly settings: TracingSettings;
  readonly isExcluded: (stream: Named) => boolean;
  readonly ruleFor: (stream: Named) => NamedRule | null;
  readonly adaptive: AdaptiveStatus;
  readonly sinksOf: (source: string) => readonly string[];
  readonly carriesContexts: (source: string) => boolean;
  /** What the governor leaves of every rate. */
  readonly factor: number;
}

interface Verdict {
  readonly rate: number;
  readonly reason?: Reason;
}
type Judged = Step & { readonly verdict?: Verdict };

/**
 * @param logsPerSecond of everything: what `rate_limiting` shares out.
 */
export function explainStream(
  stream: Named,
  deciding: Deciding,
  sample: string | undefined,
  logsPerSecond: number,
): StreamDecision {
  const questions = [
    () => exclude(stream, deciding),
    () => mode(deciding),
    () => onDemand(stream, deciding, sample),
    () => incomingContext(stream, deciding, sample),
    () => adaptive(stream, deciding),
    () => baseRate(deciding, logsPerSecond),
  ];
  const steps: Step[] = [];
  let verdict: Verdict | undefined;
  for (const ask of questions) {
    const { verdict: found, ...step } = ask();
    steps.push(verdict === undefined ? step : { ...step, outcome: 'not_reached' });
    verdict ??= found;
  }
  const { rate, reason } = verdict ?? { rate: 0 };
  const muted = reason === 'on_demand' && rate === 0 && deciding.ruleFor(stream)?.rate === 0;
  steps.push(maxOverhead(deciding, rate), tail(stream, deciding, muted));
  // A context decides for itself: what the governor limits there is how many a second.
  const left = reason === 'parent' ? rate : rate * deciding.factor;
  return { rate: left, ...(left > 0 && reason !== undefined && { reason }), steps };
}

function exclude(stream: Named, { isExcluded }: Deciding): Judged {
  return isExcluded(stream)
    ? {
        step: 'exclude',
        outcome: 'decides',
        detail: 'tracing.exclude.sources names it: it is never traced',
        verdict: { rate: 0 },
      }
    : passes('exclude', 'tracing.exclude.sources does not name it');
}

function mode({ settings }: Deciding): Judged {
  const step = 'mode';
  switch (settings.mode) {
    case 'off':
      return { step, outcome: 'decides', detail: 'mode off: nothing is traced', verdict: { rate: 0 } };
    case 'system-only':
      return {
        step,
        outcome: 'decides',
        detail: 'mode system-only: batches are traced, single logs are not',
        verdict: { rate: 0 },
      };
    case 'full-e2e':
      return {
        step,
        outcome: 'decides',
        detail: 'mode full-e2e: every log is traced',
        verdict: { rate: 1, reason: 'mode' },
      };
    case 'hybrid':
      return passes(step, 'mode hybrid: what follows decides');
  }
}

function onDemand(stream: Named, { settings, ruleFor }: Deciding, sample: string | undefined): Judged {
  const step = 'on_demand';
  if (!settings.onDemand.enabled) return passes(step, 'tracing.on_demand.enabled is false');
  const rule = ruleFor(stream);
  if (rule === null) return passes(step, 'no rule in force names it');
  const { where } = rule.request;
  const named = `the rule for ${rule.sourceId} has rate ${rule.rate}`;
  if (where === undefined || sample === undefined) {
    const only = where === undefined ? '' : ', for logs that pass its where; the others are not traced';
    return {
      step,
      outcome: 'decides',
      detail: `${named}${only}`,
      verdict: { rate: rule.rate, reason: 'on_demand' },
    };
  }
  const { level, ...ofText } = where;
  const fits = Object.values(ofText).every((part) => part === undefined) || compileWhere(ofText)(sample, 0);
  const unseen = level === undefined ? '' : ` (its level is found by a processor and was not looked at)`;
  return {
    step,
    outcome: 'decides',
    detail: `${named}; the sample ${fits ? 'passes' : 'does not pass'} its where${unseen}`,
    verdict: { rate: fits ? rule.rate : 0, reason: 'on_demand' },
  };
}

function incomingContext(
  { source }: Named,
  { settings, carriesContexts, factor }: Deciding,
  sample: string | undefined,
): Judged {
  const step = 'incoming_context';
  const { sampler, incoming, maxParentTracesPerSecond } = settings;
  if (sampler.type !== 'parent_based') {
    return passes(step, `tracing.sampler.type is ${sampler.type}: contexts of logs do not decide`);
  }
  if (incoming === 'ignore') return passes(step, 'tracing.incoming is ignore');
  const limit = maxParentTracesPerSecond * factor;
  const found = sample === undefined ? null : extractContext(Buffer.from(sample));
  if (!carriesContexts(source)) {
    const how = 'set trace_context: json on the source, or use the processor parse_json';
    return passes(
      step,
      found === null
        ? 'contexts are not looked for in the text of this source; a protocol may still bring them'
        : `the sample holds a trace context, but the text of this source is not searched for one: ${how}`,
    );
  }
  if (sample === undefined) {
    return passes(
      step,
      `logs with a sampled trace context are traced, at most ${limit} a second; those with an unsampled one are not`,
    );
  }
  if (found === null) return passes(step, 'the sample holds no trace context');
  if ((found.flags & ContextFlag.unknown) !== 0) {
    return passes(
      step,
      `the sample belongs to trace ${found.traceId}, and does not say whether that is sampled`,
    );
  }
  const sampled = (found.flags & ContextFlag.sampled) !== 0;
  return {
    step,
    outcome: 'decides',
    detail: sampled
      ? `the sample belongs to the sampled trace ${found.traceId}: traced, while no more than ${limit} such logs a second come`
      : `the sample belongs to trace ${found.traceId}, which is not sampled: not traced`,
    verdict: sampled ? { rate: 1, reason: 'parent' } : { rate: 0 },
  };
}

function adaptive({ source }: Named, { settings, adaptive: status, sinksOf }: Deciding): Judged {
  const step = 'adaptive';
  const { sampler } = settings;
  if (sampler.type !== 'parent_based' && sampler.type !== 'traceidratio') {
    return passes(step, `tracing.sampler.type is ${sampler.type}: adaptive sampling does not decide`);
  }
  if (!status.enabled) return passes(step, 'tracing.adaptive_sampling.enabled is false');
  const active = [
    ...(status.agent.active ? ['the agent'] : []),
    ...(status.sources[source]?.active ? [`source ${source}`] : []),
    ...sinksOf(source).flatMap((sink) => (status.sinks[sink]?.active ? [`sink ${sink}`] : [])),
  ];
  const p99 = status.sources[source]?.p99_seconds ?? status.agent.p99_seconds;
  const measured = `99th percentile ${round(p99)} s, threshold ${round(status.agent.threshold_seconds)} s`;
  if (active.length === 0) return passes(step, `not active (${measured})`);
  const base = baseOf(settings);
  const why = `active because of ${active.join(', ')} (${measured})`;
  return status.sample_rate > base
    ? {
        step,
        outcome: 'decides',
        detail: `${why}: rate ${status.sample_rate}`,
        verdict: { rate: status.sample_rate, reason: 'adaptive' },
      }
    : passes(step, `${why}, but its rate ${status.sample_rate} is not above the base rate`);
}

function baseRate({ settings, factor }: Deciding, logsPerSecond: number): Judged {
  const { sampler } = settings;
  const decides = (rate: number, detail: string): Judged => ({
    step: 'base_rate',
    outcome: 'decides',
    detail,
    verdict: { rate, reason: 'base_rate' },
  });
  switch (sampler.type) {
    case 'parent_based':
      return decides(settings.logTracingRate, `tracing.log_tracing_rate is ${settings.logTracingRate}`);
    case 'traceidratio':
      return decides(sampler.rate, `tracing.sampler.rate is ${sampler.rate}`);
    case 'rate_limiting': {
      const rate = Math.min(1, sampler.perSecond / Math.max(logsPerSecond, sampler.perSecond));
      return decides(
        rate,
        `tracing.sampler traces ${sampler.perSecond * factor} logs a second, of some ${round(logsPerSecond)} that come`,
      );
    }
    case 'always_on':
      return decides(1, 'tracing.sampler.type is always_on');
    case 'always_off':
      return decides(0, 'tracing.sampler.type is always_off');
  }
}

function maxOverhead({ settings, factor }: Deciding, rate: number): Step {
  const step = 'max_overhead';
  if (settings.maxOverhead === null) return passes(step, 'tracing.max_overhead is not set');
  const limit = `tracing.max_overhead is ${settings.maxOverhead}`;
  if (factor === 1) return passes(step, `${limit} and limits nothing now`);
  return {
    step,
    outcome: rate > 0 ? 'adjusts' : 'passes',
    detail: `${limit} and leaves ${round(factor)} of every rate now`,
  };
}

function tail(stream: Named, { settings, isExcluded }: Deciding, muted: boolean): Step {
  const step = 'tail';
  const { enabled, slowMs, maxPerSecond } = settings.tail;
  if (settings.mode !== 'hybrid') return passes(step, `logs are kept afterwards only in mode hybrid`);
  if (!enabled) return passes(step, 'tracing.tail.enabled is false');
  if (isExcluded(stream)) return passes(step, 'excluded sources are not traced afterwards either');
  if (muted) return passes(step, 'a rule of rate 0 mutes it: not traced afterwards either');
  return {
    step,
    outcome: 'adds',
    detail: `logs that take ${formatDuration(slowMs)} or longer, are retried or get lost are traced whatever was decided, at most ${maxPerSecond} a second`,
  };
}

function passes(step: Step['step'], detail: string): Step {
  return { step, outcome: 'passes', detail };
}

function baseOf({ sampler, logTracingRate }: TracingSettings): number {
  return sampler.type === 'traceidratio' ? sampler.rate : logTracingRate;
}

/** Three digits that tell something. */
function round(value: number): number {
  return Number(value.toPrecision(3));
}
