import { expect, test } from 'vitest';
import { z } from 'zod';
import { tracingSchema } from './schema.ts';

/** What is wrong with a section: `key.key: message`. */
function wrong(section: unknown): string[] {
  const { error } = tracingSchema.safeParse(section);
  return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
}

test('accepts the keys of the brief', () => {
  const section = {
    enabled: true,
    mode: 'hybrid',
    log_tracing_rate: 0.01,
    adaptive_sampling: {
      enabled: true,
      latency_threshold: '500ms',
      sample_rate: 0.1,
      window_size: '5m',
      check_interval: '30s',
    },
    on_demand: { enabled: true, max_rules: 100, default_duration: '10m' },
    exporter: {
      type: 'jaeger',
      endpoint: 'http://jaeger:14268/api/traces',
      batch_timeout: '5s',
      max_export_batch_size: 512,
      max_queue_size: 2048,
    },
    sampler: { type: 'parent_based' },
    resource: {
      service_name: 'log-capturer',
      service_version: '1.0.0',
      environment: 'production',
      deployment_id: 'host-1',
    },
  };
  expect(wrong(section)).toEqual([]);
});

test.each([
  [{ exporter: { type: 'console' }, exporters: [] }, 'exporter: exporter and exporters are both given'],
  [{ mode: 'all' }, 'mode: '],
  [{ log_tracing_rate: 1.5 }, 'log_tracing_rate: expected a number from 0'],
  [
    { adaptive_sampling: { window_size: '10s', check_interval: '30s' } },
    'adaptive_sampling.check_interval: expected at most window_size',
  ],
  [
    { adaptive_sampling: { error_threshold: 0 } },
    'adaptive_sampling.error_threshold: expected a number above 0',
  ],
  [{ sampler: { rate: 0.5 } }, 'sampler.rate: rate belongs to type: traceidratio'],
  [{ sampler: { type: 'always_on', per_second: 5 } }, 'sampler.per_second: per_second belongs to'],
  [{ sampler: { type: 'rate_limiting' } }, 'sampler.type: rate_limiting needs per_second'],
  [{ on_demand: { default_duration: '30s' } }, 'on_demand.default_duration: expected a duration'],
  [{ exporter: { type: 'zipkin' } }, 'exporter.type: expected type: otlp'],
  [{ exporter: { type: 'otlp', endpoint: 'localhost:4317' } }, 'exporter.endpoint: expected a URL'],
  [
    { exporter: { type: 'otlp', max_queue_size: 10, max_export_batch_size: 11 } },
    'exporter.max_export_batch_size: expected at most max_queue_size (10)',
  ],
  [
    { exporter: { type: 'otlp', tls: { cert_file: 'a' } } },
    'exporter.tls.cert_file: cert_file and key_file belong together',
  ],
  [{ exclude: { sources: ['['] } }, 'exclude.sources.0: expected an id or a glob: "[" without its "]"'],
  [{ resource: { service_version: 1 } }, 'resource.service_version: expected text; put a number in quotes'],
  [{ max_overhead: 0 }, 'max_overhead: expected a number from 0.001'],
  [{ sample_rate: 1 }, ': '],
])('refuses %j', (section, message) => {
  const complaints = wrong(section);
  expect(complaints).toHaveLength(1);
  expect(complaints[0]).toContain(message);
});

/** Every property of a JSON Schema, by its path. */
function properties(
  schema: z.core.JSONSchema.BaseSchema,
  path = '',
): [string, z.core.JSONSchema.BaseSchema][] {
  const options = [
    schema,
    ...(schema.oneOf ?? []),
    ...(schema.anyOf ?? []),
  ] as z.core.JSONSchema.BaseSchema[];
  return options.flatMap((option) =>
    Object.entries(option.properties ?? {}).flatMap(([key, value]) => {
      const inner = value as z.core.JSONSchema.BaseSchema;
      return [
        [`${path}.${key}`, inner] as [string, z.core.JSONSchema.BaseSchema],
        ...properties(inner, `${path}.${key}`),
      ];
    }),
  );
}

test('describes every key', () => {
  const all = properties(z.toJSONSchema(tracingSchema, { io: 'input' }));
  expect(all.length).toBeGreaterThan(60);
  expect(all.filter(([, { description }]) => !description).map(([path]) => path)).toEqual([]);
});
