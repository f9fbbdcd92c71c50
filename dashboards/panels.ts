/**
 * The kinds of panels that the dashboards are made of, so that a dashboard reads as a list of questions and queries.
 * Colours mean the same everywhere: green goes well, amber wants a look, red wants a hand.
 */

import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  LegendDisplayMode,
  LegendPlacement,
  StackingMode,
  TooltipDisplayMode,
} from '@grafana/grafana-foundation-sdk/common';
import {
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardLinkBuilder,
  type DataSourceRef,
  type MappingType,
  type Panel,
  ThresholdsConfigBuilder,
  type ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as GaugePanel } from '@grafana/grafana-foundation-sdk/gauge';
import { PanelBuilder as HeatmapPanel } from '@grafana/grafana-foundation-sdk/heatmap';
import { DataqueryBuilder, type PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatPanel } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeseriesPanel } from '@grafana/grafana-foundation-sdk/timeseries';

/** Data sources are variables: whoever imports a dashboard chooses. */
export const PROMETHEUS: DataSourceRef = { type: 'prometheus', uid: '$prometheus' };

/** Which agents: every query asks only for these. */
export const AGENTS = 'job=~"$job", instance=~"$instance"';

export interface Query {
  readonly expr: string;
  readonly legend: string;
  /** Ask for exemplars: dots that lead to the trace. */
  readonly exemplar?: boolean;
}

/** Upper ends of the good and of the doubtful; beyond is bad. */
export interface Limits {
  readonly warn?: number;
  readonly bad?: number;
}

interface Common {
  readonly title: string;
  readonly description: string;
  readonly unit: string;
  readonly queries: readonly Query[];
  /** Grid columns of 24, and rows. */
  readonly width: number;
  readonly height?: number;
  readonly limits?: Limits;
}

type AnyPanel = StatPanel | GaugePanel | TimeseriesPanel | HeatmapPanel;

/** A number as it is now. `words`: what values are called; `named`: the legend is shown, not the number. */
export function stat(
  options: Common & { readonly words?: Readonly<Record<string, string>>; readonly named?: boolean },
): Builder<Panel> {
  const panel = common(new StatPanel(), { height: 5, ...options }, { instant: true })
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
    .graphMode('none' as BigValueGraphMode)
    .colorMode('value' as BigValueColorMode)
    .thresholds(thresholds(options.limits));
  if (options.named) panel.textMode('name' as BigValueTextMode);
  return options.words === undefined ? panel : panel.mappings([mapping(options.words)]);
}

export function gauge(options: Common & { readonly max: number }): Builder<Panel> {
  return common(new GaugePanel(), { height: 5, ...options }, { instant: true })
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
    .min(0)
    .max(options.max)
    .thresholds(thresholds(options.limits));
}

/** Lines over time. `stacked`: they are parts of a whole. */
export function series(
  options: Common & { readonly stacked?: boolean; readonly max?: number },
): Builder<Panel> {
  const panel = common(new TimeseriesPanel(), { height: 8, ...options }, { instant: false })
    .min(0)
    .lineWidth(1)
    .fillOpacity(options.stacked ? 30 : 0)
    .spanNulls(false)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode('list' as LegendDisplayMode)
        .placement('bottom' as LegendPlacement)
        .showLegend(true),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode('multi' as TooltipDisplayMode));
  if (options.max !== undefined) panel.max(options.max);
  if (options.stacked) panel.stacking(new StackingConfigBuilder().mode('normal' as StackingMode).group('A'));
  return panel;
}

/** The buckets of a histogram over time. */
export function heatmap(options: Common): Builder<Panel> {
  const panel = new HeatmapPanel()
    .title(options.title)
    .description(options.description)
    .datasource(PROMETHEUS)
    .unit(options.unit)
    .span(options.width)
    .height(options.height ?? 8);
  for (const [i, { expr, exemplar }] of options.queries.entries()) {
    panel.withTarget(
      query(expr, i)
        .format('heatmap' as PromQueryFormat)
        .legendFormat('{{le}}')
        .exemplar(exemplar === true)
        .range(),
    );
  }
  return panel;
}

/** A link at the top of a dashboard. */
export function link(title: string, url: string): DashboardLinkBuilder {
  return new DashboardLinkBuilder(title)
    .url(url)
    .type('link' as never)
    .keepTime(true)
    .includeVars(true);
}

function common<P extends AnyPanel>(
  panel: P,
  options: Common & { height: number },
  { instant }: { instant: boolean },
): P {
  panel
    .title(options.title)
    .description(options.description)
    .datasource(PROMETHEUS)
    .unit(options.unit)
    .span(options.width)
    .height(options.height);
  for (const [i, { expr, legend, exemplar }] of options.queries.entries()) {
    const target = query(expr, i)
      .legendFormat(legend)
      .exemplar(exemplar === true);
    panel.withTarget(instant ? target.instant() : target.range());
  }
  return panel;
}

function query(expr: string, index: number): DataqueryBuilder {
  return new DataqueryBuilder()
    .datasource(PROMETHEUS)
    .expr(expr)
    .refId(String.fromCharCode(65 + index));
}

function thresholds({ warn, bad }: Limits = {}): ThresholdsConfigBuilder {
  const steps = [{ value: null, color: 'green' }];
  return new ThresholdsConfigBuilder()
    .mode('absolute' as ThresholdsMode)
    .steps([
      ...steps,
      ...(warn === undefined ? [] : [{ value: warn, color: 'orange' }]),
      ...(bad === undefined ? [] : [{ value: bad, color: 'red' }]),
    ] as never);
}

function mapping(words: Readonly<Record<string, string>>): ValueMapping {
  const options = Object.fromEntries(
    Object.entries(words).map(([value, text], index) => [value, { text, index }]),
  );
  return { type: 'value' as MappingType.ValueToText, options };
}
