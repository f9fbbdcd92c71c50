/**
 * What operators changed at run time, as a layer over the configured settings: the mode, rates and thresholds. Kept in
 * memory only: a restart, or a reload of the configuration that is applied, begins without any. Used by `Tracing`,
 * which applies what comes out; knows nothing of who asks.
 */
import type { Clock } from '../../component/clock.ts';
import { formatDuration } from '../../component/units.ts';
import type { Mode } from '../mode.ts';
import { flatten, type SettingsPatch } from './overrides-schema.ts';
import { type TracingSettings, withMode } from './settings.ts';

type Value = string | number | boolean | null;

/** One setting that can be overridden: where it is, and how the configuration writes its value. */
interface Setting {
  readonly read: (settings: TracingSettings) => Value;
  readonly write: (settings: TracingSettings, value: Value) => TracingSettings;
  readonly show?: (value: Value) => Value;
}

const asDuration = (value: Value) => formatDuration(value as number);
const orOff = (value: Value) => value ?? 'off';
const nullWhenOff = (value: Value) => (value === 'off' ? null : value);

function adaptive(name: keyof TracingSettings['adaptive'], show?: Setting['show']): Setting {
  return {
    read: ({ adaptive }) => adaptive[name],
    write: (settings, value) => ({
      ...settings,
      adaptive: { ...settings.adaptive, [name]: nullWhenOff(value) },
    }),
    ...(show && { show }),
  };
}

function tail(name: keyof TracingSettings['tail'], show?: Setting['show']): Setting {
  return {
    read: ({ tail }) => tail[name],
    write: (settings, value) => ({ ...settings, tail: { ...settings.tail, [name]: value } }),
    ...(show && { show }),
  };
}

/** By the path of their keys, in the order in which they are laid over the configured ones. */
const SETTINGS: Readonly<Record<string, Setting>> = {
  mode: {
    read: ({ mode }) => mode,
    write: (settings, mode) => withMode(settings, mode as Mode),
  },
  log_tracing_rate: {
    read: ({ logTracingRate }) => logTracingRate,
    write(settings, value) {
      const rate = value as number;
      const { sampler } = settings;
      // Of this sampler it is the base rate too: whoever changes the rate means what is traced.
      const ratio = sampler.type === 'traceidratio' ? { sampler: { ...sampler, rate } } : {};
      return { ...settings, logTracingRate: rate, ...ratio };
    },
  },
  log_spans: {
    read: ({ logSpans }) => logSpans,
    write: (settings, value) => ({
      ...settings,
      logSpans: value as TracingSettings['logSpans'],
      logSpansFollowMode: false,
    }),
  },
  max_parent_traces_per_second: {
    read: ({ maxParentTracesPerSecond }) => maxParentTracesPerSecond,
    write: (settings, value) => ({ ...settings, maxParentTracesPerSecond: value as number }),
  },
  max_overhead: {
    read: ({ maxOverhead }) => maxOverhead,
    write: (settings, value) => ({ ...settings, maxOverhead: nullWhenOff(value) as number | null }),
    show: orOff,
  },
  'adaptive_sampling.enabled': adaptive('enabled'),
  'adaptive_sampling.latency_threshold': adaptive('latencyThresholdMs', asDuration),
  'adaptive_sampling.sample_rate': adaptive('sampleRate'),
  'adaptive_sampling.window_size': adaptive('windowMs', asDuration),
  'adaptive_sampling.check_interval': adaptive('checkIntervalMs', asDuration),
  'adaptive_sampling.error_threshold': adaptive('errorThreshold', orOff),
  'tail.enabled': tail('enabled'),
  'tail.slow': tail('slowMs', asDuration),
  'tail.max_per_second': tail('maxPerSecond'),
};

/** An override as the API shows it; values as the configuration would write them. */
export interface OverrideStatus {
  readonly value: Value;
  readonly configured: Value;
  /** ISO 8601. */
  readonly since: string;
  /** Of a mode that was set for a while: when it ends, ISO 8601, and the seconds until then. */
  readonly expires_at?: string;
  readonly remaining_seconds?: number;
}

/** By the path of the setting, such as `mode` or `tail.slow`. */
export type OverridesStatus = Readonly<Record<string, OverrideStatus>>;

/** Changes that each are right but not together with the rest. */
export class OverrideRefusedError extends Error {
  override readonly name = 'OverrideRefusedError';
  /** Path of the setting that cannot be taken. */
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

interface Override {
  readonly value: Value;
  /** Milliseconds since 1970. */
  readonly since: number;
}

export class SettingsOverrides {
  readonly #clock: Pick<Clock, 'now' | 'toEpoch' | 'after'>;
  #overrides: ReadonlyMap<string, Override> = new Map();
  /** Monotonic milliseconds; Infinity: never. */
  #modeEndsAt = Number.POSITIVE_INFINITY;
  #cancelModeEnd = () => {};

  constructor(clock: Pick<Clock, 'now' | 'toEpoch' | 'after'>) {
    this.#clock = clock;
  }

  /** The configured settings with the overrides over them. */
  over(configured: TracingSettings): TracingSettings {
    return applied(configured, this.#overrides);
  }

  /**
   * Overrides the mode, for a while or until it is cleared.
   * @param onEnd called when the while is over and the mode is the configured one again.
   */
  setMode(mode: Mode, durationMs: number | undefined, onEnd: () => void): void {
    this.clearMode();
    this.#overrides = new Map(this.#overrides).set('mode', this.#override(mode));
    if (durationMs === undefined) return;
    this.#modeEndsAt = this.#clock.now() + durationMs;
    this.#cancelModeEnd = this.#clock.after(durationMs, () => {
      this.clearMode();
      onEnd();
    });
  }

  /** False when the mode was not overridden. */
  clearMode(): boolean {
    this.#cancelModeEnd();
    this.#cancelModeEnd = () => {};
    this.#modeEndsAt = Number.POSITIVE_INFINITY;
    const left = new Map(this.#overrides);
    const had = left.delete('mode');
    this.#overrides = left;
    return had;
  }

  /**
   * Takes changes over, all or none; null takes an override back.
   * @throws OverrideRefusedError
   */
  patch(patch: SettingsPatch, configured: TracingSettings): void {
    const overrides = new Map(this.#overrides);
    for (const [path, value] of flatten(patch)) {
      if (value === null) overrides.delete(path);
      else overrides.set(path, this.#override(value));
    }
    const { adaptive } = applied(configured, overrides);
    if (adaptive.checkIntervalMs > adaptive.windowMs) {
      const field = overrides.has('adaptive_sampling.check_interval') ? 'check_interval' : 'window_size';
      const interval = formatDuration(adaptive.checkIntervalMs);
      const window = formatDuration(adaptive.windowMs);
      throw new OverrideRefusedError(
        `adaptive_sampling.${field}`,
        `check_interval (${interval}) must be at most window_size (${window}); change both`,
      );
    }
    this.#overrides = overrides;
  }

  /** Takes back everything but the mode. @returns the paths that were overridden. */
  clearSettings(): string[] {
    const cleared = [...this.#overrides.keys()].filter((path) => path !== 'mode');
    this.#overrides = new Map([...this.#overrides].filter(([path]) => path === 'mode'));
    return cleared;
  }

  /** Takes back everything. @returns the paths that were overridden. */
  clear(): string[] {
    const cleared = [...this.#overrides.keys()];
    this.clearMode();
    this.#overrides = new Map();
    return cleared;
  }

  status(configured: TracingSettings): OverridesStatus {
    return Object.fromEntries(
      Object.entries(SETTINGS).flatMap(([path, setting]) => {
        const override = this.#overrides.get(path);
        if (override === undefined) return [];
        const show = setting.show ?? ((value) => value);
        const status: OverrideStatus = {
          value: show(override.value),
          configured: show(setting.read(configured)),
          since: new Date(override.since).toISOString(),
          ...(path === 'mode' && this.#modeEnd()),
        };
        return [[path, status] as const];
      }),
    );
  }

  #modeEnd(): Pick<OverrideStatus, 'expires_at' | 'remaining_seconds'> {
    if (this.#modeEndsAt === Number.POSITIVE_INFINITY) return {};
    return {
      expires_at: new Date(this.#clock.toEpoch(this.#modeEndsAt)).toISOString(),
      remaining_seconds: Math.max(0, Math.ceil(Math.round(this.#modeEndsAt - this.#clock.now()) / 1000)),
    };
  }

  #override(value: Value): Override {
    return { value, since: this.#clock.toEpoch(this.#clock.now()) };
  }
}

/** Every setting that can be overridden, as the configuration would write it, by path. */
export function shownSettings(settings: TracingSettings): Readonly<Record<string, Value>> {
  return Object.fromEntries(
    Object.entries(SETTINGS).map(([path, { read, show }]) => {
      const value = read(settings);
      return [path, show === undefined ? value : show(value)] as const;
    }),
  );
}

function applied(configured: TracingSettings, overrides: ReadonlyMap<string, Override>): TracingSettings {
  let settings = configured;
  for (const [path, { write }] of Object.entries(SETTINGS)) {
    const override = overrides.get(path);
    if (override !== undefined) settings = write(settings, override.value);
  }
  return settings;
}
