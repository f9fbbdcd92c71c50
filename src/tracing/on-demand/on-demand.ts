/**
 * On-demand rules: operators turn tracing of a source up or down for a while. Keyed by the source id they were enabled
 * with; enabling it again replaces the rule. Ends them on the monotonic clock, keeps them over a restart, and never
 * decides about logs: the decision asks `match`. Called by the API and the agent.
 */
import { join } from 'node:path';
import type { Clock } from '../../component/clock.ts';
import type { Logger } from '../../component/logger.ts';
import type { Rules } from '../decision/decision.ts';
import { Closeness, type Named } from '../decision/source-pattern.ts';
import type { OnDemandSettings } from '../settings/settings.ts';
import { readRules, remainingOf, type StoredRule, writeRules } from './on-demand-file.ts';
import type { RuleRequest, Where } from './on-demand-request.ts';
import { Rule } from './on-demand-rule.ts';

/** A rule as the API shows it. */
export interface RuleStatus {
  readonly source_id: string;
  readonly rate: number;
  /** Wall times, ISO 8601. */
  readonly created_at: string;
  readonly expires_at: string;
  /** Such as `9m30s`. */
  readonly remaining: string;
  readonly remaining_seconds: number;
  readonly traces: number;
  readonly max_traces?: number;
  readonly where?: Where;
  readonly note?: string;
}

/** A rule that was refused. `disabled`: `on_demand.enabled` is false; `too_many`: `max_rules` are in force. */
export class RuleRefusedError extends Error {
  override readonly name = 'RuleRefusedError';
  readonly kind: 'disabled' | 'too_many';

  constructor(kind: 'disabled' | 'too_many', message: string) {
    super(message);
    this.kind = kind;
  }
}

/** How often what rules have left is written while there are any, in milliseconds: a crash may add no more to them. */
const SAVE_EVERY_MS = 30_000;

export interface OnDemandOptions {
  readonly settings: OnDemandSettings;
  readonly clock: Pick<Clock, 'now' | 'toEpoch' | 'after'>;
  readonly log: Logger;
  readonly stateDir: string;
}

export class OnDemandRules implements Rules {
  readonly #clock: OnDemandOptions['clock'];
  readonly #log: Logger;
  readonly #path: string;
  readonly #rules = new Map<string, Rule>();
  #settings: OnDemandSettings;
  #version = 0;
  #nextExpiryAt = Number.POSITIVE_INFINITY;
  #cancelExpiry: (() => void) | null = null;
  #cancelSave: (() => void) | null = null;
  #saving: Promise<void> = Promise.resolve();
  #closed = false;

  constructor({ settings, clock, log, stateDir }: OnDemandOptions) {
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
    this.#path = join(stateDir, 'tracing-rules.json');
  }

  get version(): number {
    return this.#version;
  }

  get nextExpiryAt(): number {
    return this.#nextExpiryAt;
  }

  /** How many rules are in force: the metric `on_demand_rules_active`. */
  get size(): number {
    this.expire(this.#clock.now());
    return this.#settings.enabled ? this.#rules.size : 0;
  }

  /**
   * Takes up the rules of the last run. Damage is no reason not to start.
   * @throws when the file exists but cannot be read, or cannot be set aside.
   */
  async load(): Promise<void> {
    const now = this.#clock.now();
    const nowMs = this.#clock.toEpoch(now);
    const stored = await readRules(this.#path, nowMs);
    if ('setAside' in stored) {
      this.#log.error(
        { file: this.#path, kept_as: stored.setAside },
        'the file of on-demand tracing rules is damaged; enable the rules anew',
      );
      return;
    }
    for (const one of stored) {
      const remaining = remainingOf(one, nowMs);
      if (remaining <= 0) continue;
      this.#put(one.request, {
        expiresAt: now + remaining,
        createdAt: one.created_at_ms,
        traces: one.traces,
      });
    }
    this.#changed();
    if (stored.length > 0) this.#save();
  }

  /**
   * Puts a rule in force, in place of one for the same source id.
   * @throws RuleRefusedError
   */
  enable(request: RuleRequest): RuleStatus {
    if (!this.#settings.enabled) {
      throw new RuleRefusedError(
        'disabled',
        'on-demand tracing is turned off; set tracing.on_demand.enabled to true',
      );
    }
    const now = this.#clock.now();
    this.expire(now);
    const { maxRules, defaultDurationMs } = this.#settings;
    if (!this.#rules.has(request.source_id) && this.#rules.size >= maxRules) {
      throw new RuleRefusedError(
        'too_many',
        `${this.#rules.size} rules are in force and tracing.on_demand.max_rules is ${maxRules}; disable one or raise the limit`,
      );
    }
    const rule = this.#put(request, {
      expiresAt: now + (request.duration ?? defaultDurationMs),
      createdAt: this.#clock.toEpoch(now),
    });
    this.#changed();
    this.#save();
    return this.#statusOf(rule, now);
  }

  /** Ends the rule that was enabled with this source id; false when there is none. */
  disable(sourceId: string): boolean {
    this.expire(this.#clock.now());
    if (!this.#rules.delete(sourceId)) return false;
    this.#changed();
    this.#save();
    return true;
  }

  /** The rules in force, those that end first in front. */
  list(): RuleStatus[] {
    const now = this.#clock.now();
    this.expire(now);
    return [...this.#rules.values()]
      .sort((a, b) => a.expiresAt - b.expiresAt)
      .map((rule) => this.#statusOf(rule, now));
  }

  /** The rule that decides for a stream: the one that names it most closely, among equals that of the highest rate. */
  match(stream: Named): Rule | null {
    if (!this.#settings.enabled) return null;
    let best: Rule | null = null;
    let bestCloseness: Closeness = Closeness.none;
    for (const rule of this.#rules.values()) {
      const closeness = rule.closeness(stream);
      if (closeness === Closeness.none || closeness < bestCloseness) continue;
      if (best !== null && closeness === bestCloseness && rule.rate <= best.rate) continue;
      best = rule;
      bestCloseness = closeness;
    }
    return best;
  }

  expire(now: number): void {
    if (now < this.#nextExpiryAt) return;
    for (const [sourceId, rule] of this.#rules) {
      if (now < rule.expiresAt) continue;
      this.#rules.delete(sourceId);
      this.#log.info({ source_id: sourceId, traces: rule.traces }, 'an on-demand tracing rule has expired');
    }
    this.#changed();
    this.#save();
  }

  /** Applies other settings. Rules in force stay, even when they are more than the new `max_rules`. */
  update(settings: OnDemandSettings): void {
    this.#settings = settings;
    this.#version++;
  }

  /** Ends all timers, and writes what the rules have left. Rejects when that cannot be written. Safe twice. */
  async close(): Promise<void> {
    if (this.#closed) return this.#saving;
    this.#closed = true;
    this.#cancelExpiry?.();
    this.#cancelSave?.();
    await this.flush();
  }

  /** Resolves when everything up to now is on disk; rejects when it cannot be written. */
  async flush(): Promise<void> {
    this.#saving = this.#saving.catch(() => {}).then(() => writeRules(this.#path, this.#stored()));
    await this.#saving;
  }

  #put(request: RuleRequest, times: { expiresAt: number; createdAt: number; traces?: number }): Rule {
    const rule = new Rule(request, times, (spent) => this.#exhausted(spent));
    this.#rules.set(request.source_id, rule);
    return rule;
  }

  #exhausted(rule: Rule): void {
    // It may have been replaced while a batch decided by it was under way.
    if (this.#rules.get(rule.sourceId) !== rule) return;
    this.#rules.delete(rule.sourceId);
    this.#log.info(
      { source_id: rule.sourceId, traces: rule.traces },
      'an on-demand tracing rule has made its max_traces and ended',
    );
    this.#changed();
    this.#save();
  }

  #changed(): void {
    this.#version++;
    this.#nextExpiryAt = Math.min(
      Number.POSITIVE_INFINITY,
      ...this.#rules.values().map((rule) => rule.expiresAt),
    );
    this.#cancelExpiry?.();
    this.#cancelExpiry = null;
    if (this.#closed || this.#rules.size === 0) return;
    const now = this.#clock.now();
    this.#cancelExpiry = this.#clock.after(this.#nextExpiryAt - now, () => {
      this.#cancelExpiry = null;
      this.expire(this.#clock.now());
    });
  }

  /** Writes in the background, and again every now and then while rules run down. */
  #save(): void {
    if (this.#closed) return;
    this.#cancelSave?.();
    this.#cancelSave = null;
    if (this.#rules.size > 0) {
      this.#cancelSave = this.#clock.after(SAVE_EVERY_MS, () => {
        this.#cancelSave = null;
        this.#save();
      });
    }
    this.flush().catch((error: unknown) => {
      this.#log.warn(
        { err: error, file: this.#path },
        'on-demand tracing rules cannot be written: they are in force, but a restart would forget them',
      );
    });
  }

  #stored(): StoredRule[] {
    const now = this.#clock.now();
    return [...this.#rules.values()].map(({ request, expiresAt, createdAt, traces }) => {
      const { duration: _, ...kept } = request;
      return {
        request: kept,
        created_at_ms: createdAt,
        expires_at_ms: this.#clock.toEpoch(expiresAt),
        remaining_ms: expiresAt - now,
        traces,
      };
    });
  }

  #statusOf({ request, expiresAt, createdAt, traces }: Rule, now: number): RuleStatus {
    // To whole milliseconds first: adding a duration to a reading and taking it off again leaves some 1e-10 ms.
    const remaining = Math.ceil(Math.round(expiresAt - now) / 1000);
    return {
      source_id: request.source_id,
      rate: request.rate,
      created_at: new Date(createdAt).toISOString(),
      expires_at: new Date(this.#clock.toEpoch(expiresAt)).toISOString(),
      remaining: writeSeconds(remaining),
      remaining_seconds: remaining,
      traces,
      ...(request.max_traces !== undefined && { max_traces: request.max_traces }),
      ...(request.where !== undefined && { where: request.where }),
      ...(request.note !== undefined && { note: request.note }),
    };
  }
}

/** Whole seconds as hours, minutes and seconds, without the parts that are 0. */
function writeSeconds(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  return (
    parts
      .filter(([number]) => number > 0)
      .map(([number, unit]) => `${number}${unit}`)
      .join('') || '0s'
  );
}
