/** The base rate: six steps, and a field for others. Applied when the handle is let go. */
import { useState } from 'preact/hooks';
import { oneIn, rate, share } from '../../format/number.ts';
import { Control, Why } from '../../parts/button.tsx';
import { Panel } from '../../parts/panel.tsx';
import type { Reading } from '../../state/feed.ts';
import { perSecond } from '../../state/rates.ts';
import { mayControl } from '../../state/session.ts';
import { act, doing, setBaseRate } from './act.ts';

export const STEPS = [0, 0.0001, 0.001, 0.01, 0.1, 1] as const;
const LABELS = ['0', '0.01 %', '0.1 %', '1 %', '10 %', '100 %'] as const;
const state = doing();

/** The step that is nearest to a rate. */
export function stepOf(value: number): number {
  if (value <= 0) return 0;
  const distance = (step: number) => (step === 0 ? 6 : Math.abs(Math.log10(step) - Math.log10(value)));
  return STEPS.reduce<number>(
    (best, step, index) => (distance(step) < distance(STEPS[best]!) ? index : best),
    1,
  );
}

export function BaseRate({ reading }: { reading: Reading }) {
  const { log_tracing_rate: set, overrides } = reading.tracing;
  const [dragged, setDragged] = useState<number | null>(null);
  const [typed, setTyped] = useState('');
  const shown = dragged === null ? set : STEPS[dragged]!;
  const step = dragged ?? stepOf(set);
  const read =
    perSecond((each) => each.status.sources.reduce((sum, { ledger }) => sum + ledger.read, 0)) ?? 0;
  const override = overrides?.log_tracing_rate;
  const apply = (value: number | null) =>
    act(state, 'rate', () => setBaseRate(value)).then(() => setDragged(null));
  return (
    <Panel
      title="Base rate"
      tools={
        <span class="small dim num">
          {rate(read * shown).replace('/s', ' logs/s')} when nothing else decides
        </span>
      }
    >
      <input
        type="range"
        min="0"
        max={STEPS.length - 1}
        step="1"
        value={step}
        disabled={!mayControl.value || state.value.busy !== null}
        aria-label="Base rate"
        aria-valuetext={`${share(shown)}, ${oneIn(shown)}`}
        onInput={({ currentTarget }) => setDragged(currentTarget.valueAsNumber)}
        onChange={({ currentTarget }) => void apply(STEPS[currentTarget.valueAsNumber]!)}
      />
      <p class="ticks num" aria-hidden="true">
        {LABELS.map((label, index) =>
          index === step && STEPS[index] === shown ? (
            <b key={label}>{label}</b>
          ) : (
            <span key={label}>{label}</span>
          ),
        )}
      </p>
      <form
        class="row base-other"
        onSubmit={(event) => {
          event.preventDefault();
          const percent = Number(typed.replace('%', '').replace(',', '.'));
          if (typed.trim() !== '') void apply(percent / 100).then(() => setTyped(''));
        }}
      >
        <label class="small mid" for="base-other">
          Another rate
        </label>
        <input
          id="base-other"
          type="text"
          inputMode="decimal"
          placeholder={`${share(set)}`}
          value={typed}
          disabled={!mayControl.value}
          onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        />
        <Control look="slim" type="submit" busy={state.value.busy !== null}>
          Set
        </Control>
        {override !== undefined && (
          <span class="end row small mid">
            the file says {share(Number(override.configured))}
            <Control look="slim" onClick={() => void apply(null)}>
              Clear
            </Control>
          </span>
        )}
      </form>
      {state.value.refused !== null && (
        <p class="fault" role="alert">
          {state.value.refused}
        </p>
      )}
      <Why />
    </Panel>
  );
}
