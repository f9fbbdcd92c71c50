import { describe, expect, test } from 'vitest';
import { tracingSchema } from './schema.ts';
import { resolveTracing } from './settings.ts';

function resolve(section: unknown, env: Record<string, string> = {}) {
  return resolveTracing(tracingSchema.parse(section), env, '1.2.3');
}

test('an empty section is hybrid, traces nothing by itself, and sends nowhere', () => {
  const { settings, warnings } = resolve({});
  expect(settings).toMatchObject({
    mode: 'hybrid',
    logTracingRate: 0,
    logSpans: 'waterfall',
    sampler: { type: 'parent_based' },
    exporters: [],
    maxOverhead: null,
    resource: { serviceName: 'log-capturer', serviceVersion: '1.2.3', attributes: {} },
  });
  expect(warnings).toEqual([]);
});

test('log spans are compact in full-e2e unless the file says otherwise', () => {
  expect(resolve({ mode: 'full-e2e' }).settings.logSpans).toBe('compact');
  expect(resolve({ mode: 'full-e2e', log_spans: 'waterfall' }).settings.logSpans).toBe('waterfall');
});

describe('OTEL_SDK_DISABLED', () => {
  test('turns tracing off where the file does not say whether it is enabled', () => {
    expect(resolve({ mode: 'full-e2e' }, { OTEL_SDK_DISABLED: 'TRUE' }).settings.mode).toBe('off');
  });

  test('does not overrule the file', () => {
    expect(resolve({ enabled: true }, { OTEL_SDK_DISABLED: 'true' }).settings.mode).toBe('hybrid');
  });

  test('tracing that is not enabled is mode off', () => {
    expect(resolve({ enabled: false, mode: 'full-e2e' }).settings.mode).toBe('off');
  });
});

describe('OTEL_TRACES_SAMPLER', () => {
  test.each([
    ['always_on', undefined, { type: 'always_on' }, 0],
    ['always_off', undefined, { type: 'always_off' }, 0],
    ['traceidratio', '0.25', { type: 'traceidratio', rate: 0.25 }, 0],
    ['traceidratio', undefined, { type: 'traceidratio', rate: 1 }, 0],
    ['parentbased_always_on', undefined, { type: 'parent_based' }, 1],
    ['parentbased_always_off', undefined, { type: 'parent_based' }, 0],
    ['parentbased_traceidratio', '0.5', { type: 'parent_based' }, 0.5],
  ])('%s %s', (name, argument, sampler, rate) => {
    const env = { OTEL_TRACES_SAMPLER: name, ...(argument && { OTEL_TRACES_SAMPLER_ARG: argument }) };
    expect(resolve({}, env).settings).toMatchObject({ sampler, logTracingRate: rate });
  });

  test('does not overrule the file', () => {
    const env = { OTEL_TRACES_SAMPLER: 'parentbased_always_on' };
    expect(resolve({ log_tracing_rate: 0.1 }, env).settings.logTracingRate).toBe(0.1);
    expect(resolve({ sampler: { type: 'always_off' } }, env).settings.sampler.type).toBe('always_off');
  });

  test('one that is not known is ignored with a warning', () => {
    const { settings, warnings } = resolve({}, { OTEL_TRACES_SAMPLER: 'xray' });
    expect(settings.sampler.type).toBe('parent_based');
    expect(warnings).toEqual([expect.stringContaining('OTEL_TRACES_SAMPLER is ignored')]);
  });

  test('a ratio that is none counts as 1, as in OpenTelemetry', () => {
    const env = { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: 'half' };
    expect(resolve({}, env).settings.sampler).toEqual({ type: 'traceidratio', rate: 1 });
  });
});

test('traceidratio without a rate takes log_tracing_rate', () => {
  const { settings } = resolve({ log_tracing_rate: 0.3, sampler: { type: 'traceidratio' } });
  expect(settings.sampler).toEqual({ type: 'traceidratio', rate: 0.3 });
});

describe('resource', () => {
  const env = {
    OTEL_SERVICE_NAME: 'from-env',
    OTEL_RESOURCE_ATTRIBUTES:
      'service.name=other,service.version=9,deployment.environment=staging,team=log%20squad',
  };

  test('comes from the environment where the file is silent', () => {
    expect(resolve({}, env).settings.resource).toEqual({
      serviceName: 'from-env',
      serviceVersion: '9',
      environment: 'staging',
      attributes: { team: 'log squad' },
    });
  });

  test('comes from the file where it speaks; empty text is silence', () => {
    const section = { resource: { service_name: '', environment: 'prod', deployment_id: 'host-1' } };
    expect(resolve(section, env).settings.resource).toMatchObject({
      serviceName: 'from-env',
      environment: 'prod',
      deploymentId: 'host-1',
    });
  });

  test('attributes that cannot be read are discarded, and their content is not repeated', () => {
    const { settings, warnings } = resolve({}, { OTEL_RESOURCE_ATTRIBUTES: 'a=1,secret' });
    expect(settings.resource.attributes).toEqual({});
    expect(warnings[0]).toContain('OTEL_RESOURCE_ATTRIBUTES is ignored');
    expect(warnings[0]).not.toContain('secret');
  });
});

describe('exporters', () => {
  const exporters = (section: unknown, env: Record<string, string> = {}) =>
    resolve(section, env).settings.exporters;

  test.each([
    ['http', 'http://localhost:4318/v1/traces', { type: 'otlp' }, {}],
    ['grpc', 'http://localhost:4317', { type: 'otlp', protocol: 'grpc' }, {}],
    ['no path', 'http://c:4318/v1/traces', { type: 'otlp', endpoint: 'http://c:4318' }, {}],
    ['a path', 'http://c:4318/otlp', { type: 'otlp', endpoint: 'http://c:4318/otlp' }, {}],
    [
      'a base',
      'http://c:4318/x/v1/traces',
      { type: 'otlp' },
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/x/' },
    ],
    [
      'traces',
      'http://c:4318/x',
      { type: 'otlp' },
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4318/x', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://d' },
    ],
    [
      'grpc base',
      'https://c:4317',
      { type: 'otlp', protocol: 'grpc' },
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c:4317' },
    ],
    [
      'jaeger',
      'http://localhost:14268/api/traces',
      { type: 'jaeger' },
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c' },
    ],
  ])('endpoint: %s', (_, endpoint, exporter, env) => {
    expect(exporters({ exporter }, env as Record<string, string>)).toMatchObject([{ endpoint }]);
  });

  test('without any in the file an endpoint in the environment makes one', () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
    expect(exporters({}, env)).toMatchObject([{ type: 'otlp', protocol: 'grpc', endpoint: 'http://c:4318' }]);
    expect(exporters({ exporters: [] }, env)).toEqual([]);
  });

  test('OTEL_TRACES_EXPORTER names several, or none', () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' };
    const types = (names: string) =>
      exporters({}, { ...env, OTEL_TRACES_EXPORTER: names }).map(({ type }) => type);
    expect(types('otlp, console')).toEqual(['otlp', 'console']);
    expect(types('none')).toEqual([]);
  });

  test('queue: OTEL_BSP_* where the file is silent; a batch is never larger than the queue', () => {
    const env = {
      OTEL_BSP_SCHEDULE_DELAY: '100',
      OTEL_BSP_MAX_QUEUE_SIZE: '64',
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '512',
      OTEL_BSP_EXPORT_TIMEOUT: '7000',
    };
    expect(exporters({ exporter: { type: 'console', batch_timeout: '2s' } }, env)).toEqual([
      {
        type: 'console',
        format: 'text',
        batchTimeoutMs: 2000,
        maxQueueSize: 64,
        maxExportBatchSize: 64,
        exportTimeoutMs: 7000,
      },
    ]);
  });

  test('headers, timeout, compression and certificates come from the environment', () => {
    const env = {
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%2Cb, tenant=1',
      OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '1500',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_EXPORTER_OTLP_CERTIFICATE: '/ca.pem',
      OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: '/c.pem',
      OTEL_EXPORTER_OTLP_CLIENT_KEY: '/k.pem',
    };
    expect(exporters({ exporter: { type: 'otlp' } }, env)).toMatchObject([
      {
        headers: { 'api-key': 'a,b', tenant: '1' },
        timeoutMs: 1500,
        compression: 'gzip',
        tls: { caFile: '/ca.pem', certFile: '/c.pem', keyFile: '/k.pem', insecureSkipVerify: false },
      },
    ]);
  });

  test('among several, secrets in the environment go only to the one the environment names', () => {
    const section = { exporters: [{ type: 'otlp' }, { type: 'otlp', endpoint: 'http://other:4318' }] };
    const [own, other] = exporters(section, { OTEL_EXPORTER_OTLP_HEADERS: 'api-key=secret' });
    expect(own).toMatchObject({ headers: { 'api-key': 'secret' } });
    expect(other).toMatchObject({ headers: {} });
  });
});
