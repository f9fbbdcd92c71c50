/** One on-demand rule while it is in force. Made by `OnDemandRules`; the decision reads it, the tracer counts on it. */
import { type Closeness, type Named, SourcePattern } from '../decision/source-pattern.ts';
import type { ActiveRule } from '../decision/verdict.ts';
import type { RuleRequest } from './on-demand-request.ts';
import { compileWhere } from './on-demand-where.ts';

export interface RuleTimes {
  /** Monotonic milliseconds at which it ends. */
  readonly expiresAt: number;
  /** Wall time at which it was enabled, milliseconds since 1970. */
  readonly createdAt: number;
  /** Traces made before a restart. */
  readonly traces?: number;
}

export class Rule implements ActiveRule {
  readonly request: RuleRequest;
  readonly where: ActiveRule['where'];
  readonly expiresAt: number;
  readonly createdAt: number;
  readonly #pattern: SourcePattern;
  readonly #closeness = new WeakMap<Named, Closeness>();
  readonly #onSpent: (rule: Rule) => void;
  #traces: number;

  /** @param onSpent called once when `max_traces` is reached. */
  constructor(request: RuleRequest, times: RuleTimes, onSpent: (rule: Rule) => void) {
    this.request = request;
    this.where = request.where === undefined ? null : compileWhere(request.where);
    this.expiresAt = times.expiresAt;
    this.createdAt = times.createdAt;
    this.#pattern = new SourcePattern(request.source_id);
    this.#traces = times.traces ?? 0;
    this.#onSpent = onSpent;
  }

  get sourceId(): string {
    return this.request.source_id;
  }

  get rate(): number {
    return this.request.rate;
  }

  get note(): string | undefined {
    return this.request.note;
  }

  get traces(): number {
    return this.#traces;
  }

  get remainingTraces(): number {
    return Math.max(0, (this.request.max_traces ?? Number.POSITIVE_INFINITY) - this.#traces);
  }

  spent(traces: number): void {
    const wasLeft = this.remainingTraces > 0;
    this.#traces += traces;
    if (wasLeft && this.remainingTraces === 0) this.#onSpent(this);
  }

  /** How closely it names the stream; remembered, because other rules come and go more often than streams. */
  closeness(stream: Named): Closeness {
    let closeness = this.#closeness.get(stream);
    if (closeness === undefined) {
      closeness = this.#pattern.closeness(stream);
      this.#closeness.set(stream, closeness);
    }
    return closeness;
  }
}
