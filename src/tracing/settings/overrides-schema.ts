/**
 * What may be changed of the tracing settings while the agent runs: the body of `PATCH /api/tracing/settings`. Keys and
 * limits are those of the `tracing:` section; `null` takes a change back. Used by the API, and by overrides.ts.
 */
import { z } from 'zod';
import { tracingSchema } from './schema.ts';

const { shape } = tracingSchema;
const adaptive = shape.adaptive_sampling.unwrap().shape;
const tail = shape.tail.unwrap().shape;

/** A value, `null` for "as configured", or nothing. */
function change<Schema extends z.ZodType>(schema: Schema, described: z.ZodType) {
  return schema
    .nullable()
    .optional()
    .describe(described.description ?? '');
}

/** The same for a limit that is off when the configuration has none. */
function limit<Schema extends z.ZodType>(schema: Schema, described: z.ZodType) {
  const error = 'expected a number as in the configuration, "off", or null for the configured value';
  return change(z.union([schema, z.literal('off')], { error }), described);
}

export const settingsPatchSchema = z
  .strictObject({
    log_tracing_rate: change(shape.log_tracing_rate.unwrap(), shape.log_tracing_rate),
    log_spans: change(shape.log_spans.unwrap(), shape.log_spans),
    max_parent_traces_per_second: change(
      shape.max_parent_traces_per_second.unwrap(),
      shape.max_parent_traces_per_second,
    ),
    max_overhead: limit(shape.max_overhead.unwrap(), shape.max_overhead),
    adaptive_sampling: z
      .strictObject({
        enabled: change(adaptive.enabled.unwrap(), adaptive.enabled),
        latency_threshold: change(adaptive.latency_threshold.unwrap(), adaptive.latency_threshold),
        sample_rate: change(adaptive.sample_rate.unwrap(), adaptive.sample_rate),
        window_size: change(adaptive.window_size.unwrap(), adaptive.window_size),
        check_interval: change(adaptive.check_interval.unwrap(), adaptive.check_interval),
        error_threshold: limit(adaptive.error_threshold.unwrap(), adaptive.error_threshold),
      })
      .optional()
      .describe(shape.adaptive_sampling.description ?? ''),
    tail: z
      .strictObject({
        enabled: change(tail.enabled.unwrap(), tail.enabled),
        slow: change(tail.slow.unwrap(), tail.slow),
        max_per_second: change(tail.max_per_second.unwrap(), tail.max_per_second),
      })
      .optional()
      .describe(shape.tail.description ?? ''),
  })
  .refine((patch) => flatten(patch).length > 0, {
    error: 'expected at least one setting to change',
    when: ({ issues }) => issues.length === 0,
  });

/** As validated: durations are milliseconds. */
export type SettingsPatch = z.output<typeof settingsPatchSchema>;

/** Changes by the path of their key, such as `tail.slow`; null: as configured. */
export function flatten(patch: object): [path: string, value: string | number | boolean | null][] {
  return Object.entries(patch).flatMap(([key, value]) => {
    if (value === undefined) return [];
    if (typeof value !== 'object' || value === null) return [[key, value]];
    return flatten(value).map(([inner, innerValue]) => [`${key}.${inner}`, innerValue] as const);
  }) as [string, string | number | boolean | null][];
}
