import { type Metric, Registry, type RegistryContentType } from '@prometheus-io/client';
import type { AgentStatus } from '../component/status.ts';
import { definitions, type MetricName } from './definitions.ts';
import { type Collector, type Sample, Samples } from './samples.ts';

/** A scrape's answer. */
export interface Exposed {
  readonly contentType: string;
  readonly body: string;
}

/**
 * Writes all metrics as text, in the format the scraper asks for. Every scrape collects anew and uses a registry of
 * its own: nothing outlives a removed source, and two scrapes in different formats cannot disturb each other.
 * Called by the HTTP route `/metrics`.
 */
export class Exposition {
  readonly #status: () => AgentStatus;
  readonly #collectors: readonly Collector[];

  /** @param options.status Called once a scrape, for all collectors together. */
  constructor(options: { status: () => AgentStatus; collectors: readonly Collector[] }) {
    this.#status = options.status;
    this.#collectors = options.collectors;
  }

  /** @param accept The request's `Accept` header. Text format 0.0.4 unless it prefers OpenMetrics 1.0.0. */
  async render(accept = ''): Promise<Exposed> {
    const isOpenMetrics = prefersOpenMetrics(accept);
    const samples = new Samples(isOpenMetrics);
    const status = this.#status();
    for (const collector of this.#collectors) collector.collect(samples, status);

    const contentType = isOpenMetrics ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE;
    const registry = new Registry(contentType);
    for (const [name, values] of samples.entries()) {
      registry.registerMetric(asMetric(name, values, contentType));
    }
    return { contentType, body: await registry.metrics() };
  }
}

/**
 * A metric whose values are already there. The client's own classes keep state and cannot be observed with a weight;
 * its registry only asks a metric for `name`, `type` and `get()`.
 */
function asMetric(name: MetricName, values: readonly Sample[], contentType: RegistryContentType): Metric {
  const { type, help } = definitions[name];
  // OpenMetrics names a counter without the suffix of its series, and the registry appends it again.
  const isOpenMetrics = contentType === Registry.OPENMETRICS_CONTENT_TYPE;
  const familyName = isOpenMetrics && type === 'counter' ? name.replace(/_total$/, '') : name;
  const family = { name: familyName, type, help, aggregator: 'sum', values };
  return { ...family, get: () => Promise.resolve(family) } as unknown as Metric;
}

/** Whether the header ranks OpenMetrics (1.0.0 or unversioned) at least as high as plain text. RFC 9110, 12.5.1. */
export function prefersOpenMetrics(accept: string): boolean {
  let openMetrics = 0;
  let plain = 0;
  for (const range of accept.toLowerCase().split(',')) {
    const [type, ...parameters] = range.split(';').map((part) => part.trim());
    const quality = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
    const version = parameters.find((parameter) => parameter.startsWith('version='))?.slice(8);
    if (type === 'application/openmetrics-text' && (version === undefined || version === '1.0.0')) {
      openMetrics = Math.max(openMetrics, quality);
    }
    if (type === 'text/plain') plain = Math.max(plain, quality);
  }
  return openMetrics > 0 && openMetrics >= plain;
}
