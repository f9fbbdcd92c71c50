import type { MetricValueWithName } from '@prometheus-io/client';
import type { AgentStatus } from '../component/status.ts';
import {
  definitions,
  type HistogramName,
  type LabelArguments,
  type MetricName,
  type ValueName,
} from './definitions.ts';
import type { Exemplar, HistogramValues } from './histogram.ts';

export type Sample = MetricValueWithName<string> & { readonly exemplar?: Exemplar };

/** Gives the values of some metrics at a scrape. */
export interface Collector {
  collect(samples: Samples, status: AgentStatus): void;
}

/** The values of one scrape, by metric. Filled by collectors, written out by `Exposition`. */
export class Samples {
  /** Whether exemplars of histograms are written out. */
  readonly takesExemplars: boolean;
  readonly #byName = new Map<MetricName, Sample[]>();

  constructor(takesExemplars = false) {
    this.takesExemplars = takesExemplars;
    for (const name of Object.keys(definitions) as MetricName[]) this.#byName.set(name, []);
  }

  /** Sets the value of one series of a counter or a gauge. Each series is set once a scrape. */
  set<Name extends ValueName>(name: Name, value: number, ...[labels]: LabelArguments<Name>): void {
    this.#byName.get(name)!.push({ labels: labels ?? {}, value });
  }

  /** Sets one series of a histogram: its cumulative buckets, sum and count. */
  setHistogram<Name extends HistogramName>(
    name: Name,
    histogram: HistogramValues,
    ...[labels]: LabelArguments<Name>
  ): void {
    const values = this.#byName.get(name)!;
    let count = 0;
    for (const [index, inBucket] of histogram.counts.entries()) {
      count += inBucket;
      const le = index < histogram.bounds.length ? String(histogram.bounds[index]) : '+Inf';
      const exemplar = histogram.exemplars?.[index];
      values.push({
        metricName: `${name}_bucket`,
        labels: { ...labels, le },
        value: count,
        ...(exemplar && { exemplar }),
      });
    }
    values.push({ metricName: `${name}_sum`, labels: labels ?? {}, value: histogram.sum });
    values.push({ metricName: `${name}_count`, labels: labels ?? {}, value: count });
  }

  /** Metrics in the order of their definition, those without a value included. */
  entries(): Iterable<[MetricName, Sample[]]> {
    return this.#byName;
  }
}
