/**
 * The tracing section as the rest of tracing uses it: plain, complete, in milliseconds and bytes. Defaults and `OTEL_*`
 * variables are applied here, where the file was silent. Called by the agent at start, at a reload, and when the API
 * changes the mode; knows nothing of files.
 */
import type { Stamp } from '../../record/traced.ts';
import type { Mode } from '../mode.ts';
import type { TracingConfig } from './schema.ts';
import { type Environment, EnvironmentReader } from './settings-environment.ts';
import { type ExporterSettings, resolveExporters } from './settings-exporters.ts';

/** What decides in hybrid mode where no on-demand rule does; decision.ts says precisely how. */
export type SamplerSettings =
  | { readonly type: 'parent_based' | 'always_on' | 'always_off' }
  | { readonly type: 'traceidratio'; readonly rate: number }
  | { readonly type: 'rate_limiting'; readonly perSecond: number };

export interface AdaptiveSettings {
  readonly enabled: boolean;
  readonly latencyThresholdMs: number;
  /** 0 to 1. */
  readonly sampleRate: number;
  readonly windowMs: number;
  readonly checkIntervalMs: number;
  /** Share of failed attempts, above 0 to 1; null: off. */
  readonly errorThreshold: number | null;
}

export interface OnDemandSettings {
  readonly enabled: boolean;
  readonly maxRules: number;
  readonly defaultDurationMs: number;
}

export interface TailSettings {
  readonly enabled: boolean;
  readonly slowMs: number;
  readonly maxPerSecond: number;
}

export interface ExcludeSettings {
  readonly sources: readonly string[];
  readonly spanNames: readonly string[];
  /** 0: nothing is too short. */
  readonly shorterThanMs: number;
}

export interface AnnotateSettings {
  readonly attributes: Readonly<Record<string, string>>;
  readonly fields: readonly string[];
  /** Characters. */
  readonly maxLength: number;
  readonly redact: readonly string[];
}

export interface ResourceSettings {
  readonly serviceName: string;
  readonly serviceVersion: string;
  readonly environment?: string;
  readonly deploymentId?: string;
  /** Others, from `OTEL_RESOURCE_ATTRIBUTES`. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface TracingSettings {
  /** `off` too when tracing is not enabled. */
  readonly mode: Mode;
  /** 0 to 1. */
  readonly logTracingRate: number;
  readonly logSpans: 'waterfall' | 'compact';
  /** Nobody chose `logSpans`: another mode may bring another shape. */
  readonly logSpansFollowMode: boolean;
  readonly stamp: Stamp;
  readonly incoming: 'parent' | 'link' | 'ignore';
  readonly maxParentTracesPerSecond: number;
  readonly sampler: SamplerSettings;
  readonly adaptive: AdaptiveSettings;
  readonly onDemand: OnDemandSettings;
  readonly tail: TailSettings;
  readonly exporters: readonly ExporterSettings[];
  readonly store: { readonly memoryBytes: number };
  readonly exclude: ExcludeSettings;
  readonly annotate: AnnotateSettings;
  /** CPU time of tracing by that of everything else; null: unbounded. */
  readonly maxOverhead: number | null;
  readonly resource: ResourceSettings;
}

/**
 * @param version Version of the agent: the default of `service.version`.
 * @returns the settings, and a sentence for each variable that could not be used (OpenTelemetry asks that those are
 *   warned about and ignored: specification, "Configuration environment variables").
 */
export function resolveTracing(
  config: TracingConfig,
  environment: Environment,
  version: string,
): { settings: TracingSettings; warnings: string[] } {
  const env = new EnvironmentReader(environment);
  const enabled = config.enabled ?? !env.boolean('OTEL_SDK_DISABLED');
  const mode = enabled ? config.mode : 'off';
  const { adaptive_sampling: adaptive, on_demand: onDemand, tail, exclude, annotate } = config;
  const settings: TracingSettings = {
    mode,
    ...resolveSampling(config, env),
    logSpans: config.log_spans ?? defaultShape(mode),
    logSpansFollowMode: config.log_spans === undefined,
    stamp: config.stamp,
    incoming: config.incoming,
    maxParentTracesPerSecond: config.max_parent_traces_per_second,
    adaptive: {
      enabled: adaptive.enabled,
      latencyThresholdMs: adaptive.latency_threshold,
      sampleRate: adaptive.sample_rate,
      windowMs: adaptive.window_size,
      checkIntervalMs: adaptive.check_interval,
      errorThreshold: adaptive.error_threshold ?? null,
    },
    onDemand: {
      enabled: onDemand.enabled,
      maxRules: onDemand.max_rules,
      defaultDurationMs: onDemand.default_duration,
    },
    tail: { enabled: tail.enabled, slowMs: tail.slow, maxPerSecond: tail.max_per_second },
    exporters: resolveExporters(config, env),
    store: { memoryBytes: config.store.memory },
    exclude: {
      sources: exclude.sources,
      spanNames: exclude.span_names,
      shorterThanMs: exclude.shorter_than,
    },
    annotate: {
      attributes: annotate.attributes,
      fields: annotate.fields,
      maxLength: annotate.max_length,
      redact: annotate.redact,
    },
    maxOverhead: config.max_overhead ?? null,
    resource: resolveResource(config.resource, env, version),
  };
  return { settings, warnings: env.warnings };
}

/** The settings with another mode, and what follows from the mode. */
export function withMode(settings: TracingSettings, mode: Mode): TracingSettings {
  const { logSpans, logSpansFollowMode } = settings;
  return { ...settings, mode, logSpans: logSpansFollowMode ? defaultShape(mode) : logSpans };
}

function defaultShape(mode: Mode): TracingSettings['logSpans'] {
  return mode === 'full-e2e' ? 'compact' : 'waterfall';
}

/** `OTEL_TRACES_SAMPLER` where the file names no sampler; its parent-based root becomes the base rate where the file has none. */
function resolveSampling(
  { sampler, log_tracing_rate: fileRate }: TracingConfig,
  env: EnvironmentReader,
): Pick<TracingSettings, 'sampler' | 'logTracingRate'> {
  const logTracingRate = fileRate ?? 0;
  switch (sampler.type) {
    case undefined:
      break;
    case 'traceidratio':
      return { logTracingRate, sampler: { type: 'traceidratio', rate: sampler.rate ?? logTracingRate } };
    case 'rate_limiting':
      return { logTracingRate, sampler: { type: 'rate_limiting', perSecond: sampler.per_second! } };
    default:
      return { logTracingRate, sampler: { type: sampler.type } };
  }
  const parentBased = { type: 'parent_based' } as const;
  switch (env.choice('OTEL_TRACES_SAMPLER', OTEL_SAMPLERS)) {
    case 'always_on':
      return { logTracingRate, sampler: { type: 'always_on' } };
    case 'always_off':
      return { logTracingRate, sampler: { type: 'always_off' } };
    case 'traceidratio':
      return {
        logTracingRate,
        sampler: { type: 'traceidratio', rate: env.ratio('OTEL_TRACES_SAMPLER_ARG', 1) },
      };
    case 'parentbased_always_on':
      return { logTracingRate: fileRate ?? 1, sampler: parentBased };
    case 'parentbased_traceidratio':
      return { logTracingRate: fileRate ?? env.ratio('OTEL_TRACES_SAMPLER_ARG', 1), sampler: parentBased };
    default:
      return { logTracingRate, sampler: parentBased };
  }
}

/** Of OpenTelemetry's names those that need no server to ask. */
const OTEL_SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** An empty text counts as silence: it is what `${HOSTNAME:-}` leaves. */
function resolveResource(
  resource: TracingConfig['resource'],
  env: EnvironmentReader,
  version: string,
): ResourceSettings {
  const {
    'service.name': name,
    'service.version': otelVersion,
    'deployment.environment.name': newEnvironment,
    'deployment.environment': oldEnvironment,
    'log_capturer.deployment_id': otelDeployment,
    ...attributes
  } = env.pairs('OTEL_RESOURCE_ATTRIBUTES');
  const environment = resource.environment || newEnvironment || oldEnvironment;
  const deploymentId = resource.deployment_id || otelDeployment;
  return {
    serviceName: resource.service_name || env.text('OTEL_SERVICE_NAME') || name || 'log-capturer',
    serviceVersion: resource.service_version || otelVersion || version,
    ...(environment && { environment }),
    ...(deploymentId && { deploymentId }),
    attributes,
  };
}
