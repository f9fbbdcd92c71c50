/**
 * Every metric of the agent: what it is called, what it counts and how it is labelled, a file for each subject in
 * definitions/. docs/reference/metrics.md is generated from here. Values are given elsewhere (status-metrics.ts,
 * delivery-metrics.ts, pipeline-metrics.ts, tracing-metrics.ts, process-metrics.ts); a name or a label that is not declared does not compile
 * there.
 */
import { agentMetrics } from './definitions/agent.ts';
import { configMetrics } from './definitions/config.ts';
import { deliveryMetrics } from './definitions/delivery.ts';
import { dispatcherMetrics } from './definitions/dispatcher.ts';
import { httpMetrics } from './definitions/http.ts';
import { ledgerMetrics } from './definitions/ledger.ts';
import { processMetrics } from './definitions/process.ts';
import { sinksMetrics } from './definitions/sinks.ts';
import { sourcesMetrics } from './definitions/sources.ts';
import { tracingMetrics } from './definitions/tracing.ts';

export const definitions = {
  ...agentMetrics,
  ...configMetrics,
  ...sourcesMetrics,
  ...sinksMetrics,
  ...deliveryMetrics,
  ...ledgerMetrics,
  ...dispatcherMetrics,
  ...tracingMetrics,
  ...httpMetrics,
  ...processMetrics,
} as const;

export type MetricName = keyof typeof definitions;

type NamesOfType<Type> = {
  [Name in MetricName]: (typeof definitions)[Name]['type'] extends Type ? Name : never;
}[MetricName];

export type HistogramName = NamesOfType<'histogram'>;
export type ValueName = NamesOfType<'counter' | 'gauge'>;

/** Arguments that name a metric's series: an object with every label, or nothing where it has none. */
export type LabelArguments<Name extends MetricName> = (typeof definitions)[Name]['labels'] extends readonly []
  ? []
  : [labels: Readonly<Record<(typeof definitions)[Name]['labels'][number], string>>];
