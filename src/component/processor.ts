import type { z } from 'zod';
import type { Batch } from '../record/batch.ts';
import type { Segment } from '../record/segment.ts';
import type { Context, Spec } from './spec.ts';

export interface Processor {
  /**
   * Called by the dispatcher on each segment of its source, in the order of the configuration, after the batch was
   * sealed. Synchronous, no I/O, no clock. It may set fields, severities and timestamps of the segment's records, and
   * narrow `segment.live`. Must not throw for what a log may contain: bad text passes on, flagged.
   */
  process(batch: Batch, segment: Segment): void;
  /** Whether it takes its records for JSON, so that a W3C trace context may be found in their text. */
  readonly readsJson?: boolean;
  /** Says to people which one of several removed a log: `filter (drop: text contains "/health")`. For those that remove logs. */
  readonly label?: string;
  /** Counters of this type of processor, by snake_case name. */
  status?(): Readonly<Record<string, number>>;
}

export type ProcessorSpec<Type extends string = string, Schema extends z.ZodObject = z.ZodObject> = Spec<
  Type,
  Schema,
  Context,
  Processor
>;
