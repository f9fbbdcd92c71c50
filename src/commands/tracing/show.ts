/** Answers about the state of tracing as text for people. */
import { formatByteSize } from '../../component/units.ts';
import type { TracingStatus } from '../../http/schemas/tracing-status.ts';
import { facts, table } from '../table.ts';

type Rule = TracingStatus['on_demand_rules'][number];

export interface Enabled {
  readonly source_id: string;
  readonly rate: number;
  readonly duration: string;
  readonly expires_at: string;
  readonly matched_sources: readonly string[];
}

export interface Mode {
  readonly mode: string;
  readonly configured: string;
  readonly expires_at?: string;
}

export interface Settings {
  readonly settings: Readonly<Record<string, string | number | boolean | null>>;
  readonly overrides: TracingStatus['overrides'];
  readonly notes: readonly string[];
}

/** Streams that a rule names are listed up to so many. */
const MAX_NAMES = 10;

export function showEnabled({ source_id, rate, duration, expires_at, matched_sources }: Enabled): string {
  const names = matched_sources.slice(0, MAX_NAMES).map((name) => `  ${name}\n`);
  const more = matched_sources.length - names.length;
  const now =
    matched_sources.length === 0
      ? 'It names nothing that is read now; it waits.\n'
      : `It names:\n${names.join('')}${more > 0 ? `  and ${more} more\n` : ''}`;
  return `${source_id} is traced at rate ${rate} for ${duration}, until ${expires_at}.\n${now}`;
}

export function modeOf({ mode, overrides }: TracingStatus): Mode {
  const override = overrides.mode;
  return {
    mode,
    configured: String(override?.configured ?? mode),
    ...(override?.expires_at !== undefined && { expires_at: override.expires_at }),
  };
}

export function showMode({ mode, configured, expires_at }: Mode): string {
  if (expires_at !== undefined) return `${mode} until ${expires_at}, then ${configured}\n`;
  return mode === configured ? `${mode}\n` : `${mode} (changed at run time; configured: ${configured})\n`;
}

export function showRules(mode: string, rules: readonly Rule[]): string {
  const hint = mode === 'hybrid' ? '' : `Rules have no effect in mode ${mode}.\n`;
  if (rules.length === 0) return `${hint}No rules are in force.\n`;
  const rows = rules.map((rule) => [
    rule.source_id,
    rule.rate,
    rule.remaining,
    rule.max_traces === undefined ? rule.traces : `${rule.traces} of ${rule.max_traces}`,
    Object.entries(rule.where ?? {})
      .map(([key, value]) => `${key}: ${value}`)
      .join(', '),
    rule.note ?? '',
  ]);
  return hint + table(['SOURCE', '>RATE', '>REMAINS', '>TRACES', 'WHERE', 'NOTE'], rows);
}

export function showSettings({ settings, overrides, notes }: Settings): string {
  const rows = Object.entries(settings).map(([path, value]) => {
    const override = overrides[path];
    return [path, String(value), override === undefined ? '' : String(override.configured)];
  });
  return table(['SETTING', 'VALUE', 'CONFIGURED'], rows) + notes.map((note) => `Note: ${note}.\n`).join('');
}

export function showStatus(status: TracingStatus): string {
  const { mode, overrides, governor, adaptive_sampling: adaptive, store, on_demand_rules: rules } = status;
  const changed = Object.entries(overrides).filter(([path]) => path !== 'mode');
  const reasons = Object.entries(status.logs_traced_by_reason).filter(([, logs]) => logs > 0);
  const dropped = Object.entries(status.spans_dropped).filter(([, spans]) => spans > 0);
  const created = status.spans_created;
  const lines: (readonly [string, string])[] = [
    ['mode', showMode(modeOf(status)).trimEnd()],
    ...changed.map(
      ([path, { value, configured: before }]) =>
        ['changed', `${path} is ${value} (configured: ${before})`] as const,
    ),
    [
      'rate',
      `${percent(status.effective_rate)} of ${status.mode === 'hybrid' ? 'logs without a rule or a context of their own' : 'logs'}`,
    ],
    ['sampler', status.sampler],
    [
      'adaptive',
      adaptive.enabled
        ? `${adaptive.active ? 'active' : 'not active'}; P99 ${seconds(adaptive.agent.p99_seconds)}, threshold ${seconds(adaptive.agent.threshold_seconds)}`
        : 'off',
    ],
    [
      'overhead',
      `${percent(governor.overhead)} of the CPU time of everything else${governor.state === 'limiting' ? `; rates are multiplied by ${governor.factor} (max_overhead ${governor.max_overhead})` : ''}`,
    ],
    [
      'traced',
      [`${status.logs_traced} logs`, ...reasons.map(([reason, logs]) => `${reason} ${logs}`)].join(', '),
    ],
    ...(status.parents_turned_away > 0
      ? [
          [
            'turned away',
            `${status.parents_turned_away} logs with a sampled context (max_parent_traces_per_second)`,
          ] as const,
        ]
      : []),
    ['spans', `${created.log} of logs, ${created.system} of batches`],
    [
      'exported',
      [
        `${status.spans_exported} spans`,
        `${status.spans_queued} queued`,
        ...dropped.map(([reason, spans]) => `${spans} dropped (${reason})`),
      ].join(', '),
    ],
    ['remembered', `${store.spans} spans (${formatByteSize(store.memory_bytes)})`],
  ];
  return `${facts(lines)}${rules.length > 0 ? `\n${showRules(mode, rules)}` : ''}${showExporters(status)}`;
}

function showExporters({ exporters }: TracingStatus): string {
  if (exporters.length === 0) return '';
  const rows = exporters.map((one) => [
    one.type,
    one.endpoint ?? '',
    one.exported_spans,
    one.queued_spans,
    Object.values(one.dropped_spans).reduce((sum, spans) => sum + spans, 0),
    lastError(one),
  ]);
  return `\n${table(['EXPORTER', 'ENDPOINT', '>EXPORTED', '>QUEUED', '>DROPPED', 'LAST ERROR'], rows)}`;
}

/** With its time, and whether requests were taken again since. */
function lastError({
  last_error: error,
  last_error_at: at = '',
  last_exported_at: exportedAt = '',
}: TracingStatus['exporters'][number]): string {
  if (error === undefined) return '';
  return [at, ...(exportedAt > at ? [`(exported again ${exportedAt})`] : []), error].join(' ').trim();
}

/** A share, with three digits that tell something. */
export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

export function seconds(value: number): string {
  return `${Number(value.toPrecision(3))} s`;
}
