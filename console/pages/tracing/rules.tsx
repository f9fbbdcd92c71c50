/** The on-demand rules in force: what each costs now, how long it will last, and its end by one click, which can be undone. */
import { signal } from '@preact/signals';
import { send } from '../../api/client.ts';
import type { Rule } from '../../api/shapes.ts';
import { countdown } from '../../format/duration.ts';
import { count, oneIn, rate, share } from '../../format/number.ts';
import { minute } from '../../format/time.ts';
import { Button, Control, Why } from '../../parts/button.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Empty, Panel } from '../../parts/panel.tsx';
import { runningConfig } from '../../state/config.ts';
import { stale } from '../../state/connection.ts';
import type { Reading } from '../../state/feed.ts';
import { perSecond } from '../../state/rates.ts';
import { act, doing, endRule } from './act.ts';
import { Ring } from './ring.tsx';

/** How long an ended rule can be had back, in milliseconds. */
const UNDO_MS = 5000;
/** The API takes no shorter ones. */
const SHORTEST_SECONDS = 60;

const state = doing();
/** Ended here a moment ago. */
const ended = signal<readonly Rule[]>([]);

export function Rules({ reading }: { reading: Reading }) {
  const { on_demand_rules: rules } = reading.tracing;
  const most = runningConfig.value?.tracing?.on_demand?.max_rules;
  const gone = ended.value.filter(({ source_id }) => !rules.some((rule) => rule.source_id === source_id));
  return (
    <Panel
      title="On-demand rules"
      aside={
        <span class="dim small">{most === undefined ? rules.length : `${rules.length} of ${most}`}</span>
      }
      look={stale.value ? 'stale' : ''}
      bare
    >
      {rules.length + gone.length === 0 ? (
        <Empty title="No rule is set">
          <p>A rule traces one source more, or less, than the rest for a while, then ends by itself.</p>
        </Empty>
      ) : (
        <div class="panel-body">
          <table class="rules">
            <thead>
              <tr>
                <th>Source</th>
                <th class="right">Rate</th>
                <th class="right">Costs now</th>
                <th>Ends in</th>
                <th>
                  <span class="unseen">End</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rules.map((rule) => (
                <RuleRow key={rule.source_id} rule={rule} />
              ))}
              {gone.map((rule) => (
                <EndedRow key={rule.source_id} rule={rule} />
              ))}
            </tbody>
          </table>
          {state.value.refused !== null && (
            <p class="fault" role="alert">
              {state.value.refused}
            </p>
          )}
          <Why />
        </div>
      )}
    </Panel>
  );
}

function RuleRow({ rule }: { rule: Rule }) {
  const { source_id: id, rate: share01, max_traces: budget, traces } = rule;
  const traced = perSecond(
    (each) => each.tracing.on_demand_rules.find(({ source_id }) => source_id === id)?.traces,
  );
  const whole = (Date.parse(rule.expires_at) - Date.parse(rule.created_at)) / 1000;
  const done = budget !== undefined && traces >= budget;
  return (
    <tr>
      <td>
        <span class="rule-name">
          <Icon name={share01 === 0 ? 'mute' : 'tracing'} small />
          <b class="mono">{id}</b>
        </span>
        <span class="dim small">{aboutRule(rule)}</span>
      </td>
      <td class="right">
        <b>{share(share01)}</b>
        <br />
        <span class="dim">{oneIn(share01)}</span>
      </td>
      <td class="right num">
        {traced === null ? '' : rate(traced).replace('/s', ' logs/s')}
        <br />
        <span class="dim">{count(traces)} so far</span>
      </td>
      <td>
        <span class="row ring-cell">
          <Ring
            left={whole <= 0 ? 0 : rule.remaining_seconds / whole}
            look={share01 === 0 ? 'muted' : rule.remaining_seconds < 60 ? 'soon' : 'running'}
          />
          <span class="num">
            <b>{done ? 'done' : countdown(rule.remaining_seconds)}</b>
            <br />
            <span class="dim">
              {minute(rule.created_at)} to {minute(rule.expires_at)}
            </span>
          </span>
        </span>
      </td>
      <td class="right">
        <Control look="slim" icon="cross" busy={state.value.busy === id} onClick={() => void end(rule)}>
          End<span class="unseen"> rule for {id}</span>
        </Control>
      </td>
    </tr>
  );
}

function EndedRow({ rule }: { rule: Rule }) {
  return (
    <tr class="ended">
      <td>
        <span class="rule-name">
          <b class="mono">{rule.source_id}</b>
        </span>
      </td>
      <td class="right">{share(rule.rate)}</td>
      <td />
      <td>ended</td>
      <td class="right">
        <Button look="slim" icon="retry" onClick={() => void undo(rule)}>
          Undo
        </Button>
      </td>
    </tr>
  );
}

function aboutRule({ rate: of, where, traces, max_traces: budget, note }: Rule): string {
  const conditions = [
    ...(where?.level === undefined ? [] : [`level ≥ ${where.level}`]),
    ...(where?.contains === undefined ? [] : [`text contains “${where.contains}”`]),
    ...(where?.matches === undefined ? [] : [`text matches /${where.matches}/`]),
  ];
  return [
    ...(of === 0 ? ['muted'] : []),
    ...(conditions.length > 0 ? [`where ${conditions.join(' and ')}`] : []),
    ...(budget === undefined ? [] : [`${count(traces)} of ${count(budget)} traces`]),
    ...(note === undefined ? [] : [note]),
  ].join('; ');
}

async function end(rule: Rule): Promise<void> {
  if (!(await act(state, rule.source_id, () => endRule(rule.source_id)))) return;
  ended.value = [...ended.value, rule];
  setTimeout(() => {
    ended.value = ended.value.filter((each) => each !== rule);
  }, UNDO_MS);
}

/** Sets it again for what was left of it. */
async function undo(rule: Rule): Promise<void> {
  const { source_id, rate: of, where, max_traces, note } = rule;
  const seconds = Math.max(SHORTEST_SECONDS, Math.round(rule.remaining_seconds));
  const body = { source_id, rate: of, duration: `${seconds}s`, where, max_traces, note };
  await act(state, source_id, () => send('POST', 'api/tracing/enable', body));
}
