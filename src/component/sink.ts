import type { z } from 'zod';
import type { Delivery } from '../record/delivery.ts';
import type { Context, Spec } from './spec.ts';

export interface Sink {
  /** Most deliveries `write` may be given at once; 1 keeps the order of every stream even across retries. */
  readonly concurrency: number;
  /** Called once before the first `write`. May fail for good reasons of configuration only, never because the destination is down. */
  open(): Promise<void>;
  /**
   * Hands the delivery's live records to the destination. Resolves when the destination is responsible for all of
   * them; throws `RetryableError`, `PermanentError` or `PartialError` (errors.ts) otherwise, and the signal's reason
   * when aborted. Never queues, batches or retries: the dispatcher does.
   */
  write(delivery: Delivery, signal: AbortSignal): Promise<void>;
  /**
   * Resolves when the destination is gone for good, so that no later attempt can succeed; absent: that cannot happen.
   * When all sinks are gone, the agent stops by itself. Never rejects.
   */
  readonly gone?: Promise<void>;
  /** Flushes and lets go of everything. Safe without `open` and safe twice. */
  close(): Promise<void>;
  /** Counters and facts of this type of sink, by snake_case name. */
  status?(): Readonly<Record<string, number | string>>;
}

export type SinkSpec<Type extends string = string, Schema extends z.ZodObject = z.ZodObject> = Spec<
  Type,
  Schema,
  Context,
  Sink
>;
