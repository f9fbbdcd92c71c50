/** What a metric is defined by, and the labels there are. Used by every file of definitions beside it. */

export interface Definition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly Label[];
  /** Upper bounds of a histogram's buckets, ascending; a last one without bound is implied. */
  readonly buckets?: readonly number[];
}

/** Every label, and why its number of values is bounded. A file's path is never a label. */
export const labels = {
  source: 'Id of a configured source.',
  sink: 'Id of a configured sink.',
  component: '`source` or `sink`.',
  id: 'Id of that source or sink.',
  reason:
    'A short fixed word, such as `refused`, `timeout` or `5xx`; at most 32 for a sink, further ones are counted as `other`. Of tracing: one of seven reasons to trace a log, or of three to drop a span.',
  name: 'Name of a counter or fact that only this type of component has.',
  mode: '`off`, `system-only`, `hybrid` or `full-e2e`.',
  span_type: '`log`: spans of single logs; `system`: spans of batches and of requests to the API.',
  code: '`1xx` to `5xx`; `aborted`: the client left before the answer.',
  result: '`applied`, `unchanged` or `refused`.',
  version: 'Version of the agent.',
  node: 'Version of Node it runs on.',
} as const;

export type Label = keyof typeof labels;
