/** The mode as a switch, with what each costs: measured solid, expected hatched. Applied at once; a refusal stands under it. */
import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { send } from '../../api/client.ts';
import type { Explanation, Mode } from '../../api/shapes.ts';
import { bytes } from '../../format/bytes.ts';
import { cost, rate, share } from '../../format/number.ts';
import { clock, minute } from '../../format/time.ts';
import { Control, Why } from '../../parts/button.tsx';
import { stale } from '../../state/connection.ts';
import type { Reading } from '../../state/feed.ts';
import { perSecond } from '../../state/rates.ts';
import { mayControl } from '../../state/session.ts';
import { act, clearMode, doing, setMode } from './act.ts';
import { costOf, type Measured, type ModeCost } from './mode-cost.ts';

const MODES: readonly Mode[] = ['off', 'system-only', 'hybrid', 'full-e2e'];
const FOR: Readonly<Record<Mode, string>> = {
  off: 'maximum speed',
  'system-only': 'batches and sends',
  hybrid: 'chosen logs',
  'full-e2e': 'every log',
};
/** How often the agent is asked what a span costs here, in milliseconds. */
const ASK_EVERY_MS = 15_000;
/** The bar of costs ends here: CPU compared with off. */
const FULL_BAR = 0.05;

const state = doing();
const spanBytes = signal<number | null>(null);
/** What was measured of each mode while it ran and the page was open. */
const before = new Map<Mode, ModeCost>();

export function ModeSwitch({ reading }: { reading: Reading }) {
  const { overrides } = reading.tracing;
  const [taken, setTaken] = useState<{ mode: Mode; at: number } | null>(null);
  // The agent took it, and the next reading, which will show it, is less than a second away.
  const mode = taken !== null && reading.at <= taken.at ? taken.mode : reading.tracing.mode;
  const measured = measure(reading);
  useEffect(() => askSpanCost(), []);
  useEffect(() => {
    if (measured.spansPerSecond > 0) before.set(mode, { ...costOf(mode, measured), at: reading.at });
  });
  const { busy, refused } = state.value;
  const override = overrides?.mode;
  return (
    <section class="panel mode" aria-labelledby="mode-title">
      <div class="row">
        <h2 id="mode-title">Mode</h2>
        <span class="dim small desk">
          takes effect with the next batch, no restart; cost is agent CPU compared with off
        </span>
        {override !== undefined && (
          <span class="end row small mid">
            <span>
              set at run time
              {override.expires_at !== undefined && ` until ${minute(override.expires_at)}`}; the file says{' '}
              <b>{String(override.configured)}</b>
            </span>
            <Control look="slim" busy={busy === 'clear'} onClick={() => void act(state, 'clear', clearMode)}>
              Clear
            </Control>
          </span>
        )}
      </div>
      <fieldset class="switch" disabled={!mayControl.value || busy !== null}>
        <legend class="unseen">Tracing mode</legend>
        {MODES.map((each) => (
          <label key={each}>
            <input
              type="radio"
              name="mode"
              value={each}
              checked={each === mode}
              onChange={({ currentTarget }) => {
                // It moves only once the agent has moved.
                currentTarget.checked = each === mode;
                void act(state, each, () => setMode(each)).then(
                  (done) => done && setTaken({ mode: each, at: Date.now() }),
                );
              }}
            />
            <span>
              {busy === each && <span class="spinner" aria-hidden="true" />}
              {each}
              <em>{inShort(costOf(each, measured, before.get(each)))}</em>
            </span>
          </label>
        ))}
      </fieldset>
      {refused !== null && (
        <p class="fault" role="alert">
          {refused}
        </p>
      )}
      <div class={stale.value ? 'mode-costs stale' : 'mode-costs'}>
        {MODES.map((each) => (
          <Cost key={each} mode={each} of={costOf(each, measured, before.get(each))} />
        ))}
      </div>
      <Why />
    </section>
  );
}

function Cost({ mode, of }: { mode: Mode; of: ModeCost }) {
  const { kind, overhead, cpuShare, spansPerSecond, bytesPerSecond } = of;
  const filled = Math.min(1, (overhead ?? cpuShare ?? 0) / FULL_BAR) * 100;
  const expected = kind === 'expected' || kind === 'was';
  const rates = [
    `${rate(spansPerSecond).replace('/s', ' spans/s')}`,
    ...(bytesPerSecond === null ? [] : [`${bytes(bytesPerSecond)}/s`]),
  ];
  return (
    <div>
      <svg width="100%" height="8" aria-hidden="true">
        <rect width="100%" height="8" rx="2" class="h-sunk" />
        <rect
          width={`${filled}%`}
          height="8"
          rx="2"
          {...(expected ? { fill: 'url(#p-expected)' } : { class: 'h-acc' })}
        />
      </svg>
      <p class="big num">{inFigures(of)}</p>
      <p class="num">
        {kind === 'none'
          ? 'no spans'
          : overhead === null && cpuShare === null
            ? 'by rates and rules'
            : rates.join(', ')}
      </p>
      <p>
        {FOR[mode]}
        {kind === 'now' && (
          <>
            ; <b class="mid">measured now</b>
          </>
        )}
        {kind === 'was' && of.at !== undefined && `; measured until ${clock(of.at)}`}
        {kind === 'expected' && overhead !== null && '; expected at the present rate'}
      </p>
    </div>
  );
}

function inFigures({ kind, overhead, cpuShare }: ModeCost): string {
  const about = kind === 'expected' ? '≈ ' : '';
  if (kind === 'none') return '0';
  if (overhead !== null) return about + cost(overhead);
  return cpuShare === null ? '–' : `${about}${share(cpuShare)} of a core`;
}

function inShort(of: ModeCost): string {
  if (of.kind === 'none') return 'no cost';
  return of.kind === 'now' ? `${inFigures(of)}, now` : inFigures(of);
}

function measure({ status, tracing }: Reading): Measured {
  const system = perSecond((each) => each.tracing.spans_created.system) ?? 0;
  const log = perSecond((each) => each.tracing.spans_created.log) ?? 0;
  return {
    mode: tracing.mode,
    logsPerSecond:
      perSecond((each) => each.status.sources.reduce((sum, { ledger }) => sum + ledger.read, 0)) ?? 0,
    spansPerSecond: system + log,
    systemSpansPerSecond: system,
    batchesPerSecond: perSecond((each) => each.status.dispatcher.batches) ?? 0,
    sinks: status.sinks.length,
    overhead: tracing.governor.overhead,
    cpuShare: perSecond((each) => each.tracing.cpu_seconds) ?? 0,
    spanBytes: spanBytes.value,
  };
}

/** @returns what ends the asking. */
function askSpanCost(): () => void {
  const ask = async () => {
    try {
      const { cost: answer } = await send<Explanation>('POST', 'api/tracing/explain', { source_id: '**' });
      spanBytes.value = answer.span.bytes;
    } catch {
      // Then expected costs are not shown.
    }
  };
  void ask();
  const timer = setInterval(() => void ask(), ASK_EVERY_MS);
  return () => clearInterval(timer);
}
