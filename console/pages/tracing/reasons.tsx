/** Why logs are traced now: the steps of the decision, highest first, and how many logs each chose. */
import { duration, parse } from '../../format/duration.ts';
import { counted, rate, share } from '../../format/number.ts';
import { Panel } from '../../parts/panel.tsx';
import { runningConfig } from '../../state/config.ts';
import { stale } from '../../state/connection.ts';
import type { Reading } from '../../state/feed.ts';
import { perSecond } from '../../state/rates.ts';

interface Step {
  readonly place: string;
  readonly name: string;
  readonly reasons: readonly string[];
  readonly words: string;
}

export function Reasons({ reading }: { reading: Reading }) {
  const { tracing } = reading;
  const of = (reasons: readonly string[]) =>
    perSecond((each) =>
      reasons.reduce((sum, reason) => sum + (each.tracing.logs_traced_by_reason[reason] ?? 0), 0),
    ) ?? 0;
  const traced = perSecond((each) => each.tracing.logs_traced) ?? 0;
  const read =
    perSecond((each) => each.status.sources.reduce((sum, { ledger }) => sum + ledger.read, 0)) ?? 0;
  const steps = stepsOf(reading);
  return (
    <Panel title="Why logs are traced now" look={stale.value ? 'stale' : ''}>
      <ol class="ladder">
        {steps.map(({ place, name, reasons, words }) => {
          const value = of(reasons);
          return (
            <li key={name}>
              <span class="place">{place}</span>
              <b>{name}</b>
              <span class="value num">{rate(value)}</span>
              <small>{words}</small>
              <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                <rect width="100" height="4" class="h-sunk" />
                <rect width={traced === 0 ? 0 : Math.min(1, value / traced) * 100} height="4" class="h-acc" />
              </svg>
            </li>
          );
        })}
        <li class="sum">
          <span />
          <b>Traced</b>
          <span class="value num">{rate(traced)}</span>
          <small>
            {read === 0
              ? 'no log comes now'
              : `${share(Math.min(1, traced / read))} of ${rate(read).replace('/s', ' logs/s')}`}
            {tracing.governor.state === 'limiting' &&
              `; limited to ${share(tracing.governor.factor)} of the rates by max_overhead`}
          </small>
        </li>
      </ol>
    </Panel>
  );
}

function stepsOf({ tracing }: Reading): Step[] {
  if (tracing.mode === 'full-e2e') {
    return [{ place: '1', name: 'Mode', reasons: ['mode'], words: 'full-e2e traces every log' }];
  }
  const config = runningConfig.value?.tracing;
  const muted = tracing.on_demand_rules.filter((rule) => rule.rate === 0).map(({ source_id }) => source_id);
  const { adaptive_sampling: adaptive } = tracing;
  const slow = [...Object.entries(adaptive.sources), ...Object.entries(adaptive.sinks)]
    .filter(([, detector]) => detector.active)
    .map(([id]) => id);
  // What was changed at run time holds.
  const held = (path: string) => tracing.overrides?.[path]?.value;
  const most = Number(held('max_parent_traces_per_second') ?? config?.max_parent_traces_per_second);
  const turnedAway = tracing.parents_turned_away ?? 0;
  const isKept = (held('tail.enabled') ?? config?.tail?.enabled) !== false;
  const keptFrom = held('tail.slow') ?? config?.tail?.slow;
  const mostKept = held('tail.max_per_second') ?? config?.tail?.max_per_second;
  return [
    {
      place: '1',
      name: 'On-demand rule',
      reasons: ['on_demand'],
      words:
        tracing.on_demand_rules.length === 0
          ? 'no rule is set'
          : `${counted(tracing.on_demand_rules.length, 'rule')}${muted.length > 0 ? `; mutes ${muted.join(', ')}` : ''}`,
    },
    {
      place: '2',
      name: 'Incoming context',
      reasons: ['parent'],
      words: `sampled by the application${Number.isNaN(most) ? '' : `; at most ${rate(most)}`}${turnedAway > 0 ? `; ${counted(turnedAway, 'log')} more turned away so far` : ''}`,
    },
    {
      place: '3',
      name: 'Adaptive',
      reasons: ['adaptive'],
      words: !adaptive.enabled
        ? 'adaptive sampling is off'
        : adaptive.active
          ? `${share(adaptive.sample_rate)}${slow.length > 0 ? ` because of ${slow.slice(0, 3).join(', ')}` : ''}`
          : 'nothing is slow',
    },
    {
      place: '4',
      name: 'Base rate',
      reasons: ['base_rate'],
      words: share(tracing.log_tracing_rate),
    },
    {
      place: '+',
      name: 'Slow or failed',
      reasons: ['tail_slow', 'tail_failed'],
      words: isKept
        ? `kept afterwards${keptFrom === undefined ? '' : `: slower than ${duration(parse(String(keptFrom)))}`}${mostKept === undefined ? '' : `; at most ${rate(Number(mostKept))}`}`
        : 'is not kept',
    },
  ];
}
