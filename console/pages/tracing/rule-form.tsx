/** A new rule: a source with suggestions, what it will cost, and one button. Faults stand under their field, in the API's words. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ApiError, send, wordsOf } from '../../api/client.ts';
import { countdown, parse } from '../../format/duration.ts';
import { clock } from '../../format/time.ts';
import { Control, Why } from '../../parts/button.tsx';
import { Panel } from '../../parts/panel.tsx';
import type { Reading } from '../../state/feed.ts';
import { alsoAsk } from '../../state/keys.ts';
import { now } from '../../state/now.ts';
import { route } from '../../state/route.ts';
import { mayControl } from '../../state/session.ts';
import { changes, setMode } from './act.ts';
import { RuleCost } from './rule-cost.tsx';
import { type Draft, EMPTY, requestOf } from './rule-request.ts';
import { SourceField } from './source-field.tsx';

const RATES = [
  ['1', '1, every log'],
  ['0.1', '0.1, 1 in 10'],
  ['0.01', '0.01, 1 in 100'],
  ['0.001', '0.001, 1 in 1,000'],
  ['0', '0, none (mute)'],
] as const;
const DURATIONS = [
  ['1m', '1 min'],
  ['5m', '5 min'],
  ['10m', '10 min'],
  ['30m', '30 min'],
  ['1h', '1 h'],
  ['4h', '4 h'],
  ['24h', '24 h'],
] as const;
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

export function RuleForm({ reading }: { reading: Reading }) {
  const draft = useSignal<Draft>(EMPTY);
  const busy = useSignal(false);
  const fault = useSignal<ApiError | null>(null);
  const asked = route.value.query.rule;
  useEffect(() => {
    if (asked === undefined) return;
    draft.value = { ...draft.peek(), source: asked };
    document.getElementById('rule-source')?.focus();
  }, [asked]);
  const set = (change: Partial<Draft>) => {
    draft.value = { ...draft.value, ...change };
    fault.value = null;
  };
  const submit = async () => {
    busy.value = true;
    fault.value = null;
    try {
      await send('POST', 'api/tracing/enable', requestOf(draft.value));
      draft.value = EMPTY;
      alsoAsk({ rule: undefined }, true);
    } catch (error) {
      fault.value = error instanceof ApiError ? error : new ApiError(0, wordsOf(error));
    } finally {
      busy.value = false;
      changes.value++;
    }
  };
  const { source, rate, duration: length, level, contains, traces, note } = draft.value;
  const disabled = !mayControl.value;
  const wrongMode = reading.tracing.mode !== 'hybrid';
  return (
    <Panel title="New rule">
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <SourceField
          value={source}
          sources={reading.status.sources}
          disabled={disabled}
          fault={fault.value?.field('source_id')}
          onChange={(value) => set({ source: value })}
        />
        <div class="two">
          <Choice
            id="rule-rate"
            label="Rate"
            value={rate}
            options={RATES}
            disabled={disabled}
            onChange={(value) => set({ rate: value })}
          />
          <Choice
            id="rule-duration"
            label="For"
            value={length}
            options={DURATIONS}
            disabled={disabled}
            onChange={(value) => set({ duration: value })}
          />
        </div>
        <div class="two">
          <Choice
            id="rule-level"
            label="Only level (optional)"
            value={level}
            options={[
              ['', 'any'],
              ...LEVELS.map((each) => [each, each === 'fatal' ? 'fatal' : `${each} or worse`] as const),
            ]}
            disabled={disabled}
            onChange={(value) => set({ level: value })}
          />
          <Text
            id="rule-contains"
            label="Only with text (optional)"
            value={contains}
            placeholder="timeout"
            disabled={disabled}
            fault={fault.value?.field('where')}
            onChange={(value) => set({ contains: value })}
          />
        </div>
        <div class="two">
          <Text
            id="rule-traces"
            label="Stop after (optional)"
            value={traces}
            placeholder="500 traces"
            disabled={disabled}
            fault={fault.value?.field('max_traces')}
            onChange={(value) => set({ traces: value })}
          />
          <Text
            id="rule-note"
            label="Reason (optional)"
            value={note}
            placeholder="OPS-481"
            disabled={disabled}
            fault={fault.value?.field('note')}
            onChange={(value) => set({ note: value })}
          />
        </div>
        {source.trim() !== '' && <RuleCost draft={draft.value} />}
        <div class="row">
          <Control
            look="primary"
            type="submit"
            busy={busy.value}
            disabled={source.trim() === '' || wrongMode}
          >
            {Number(rate) === 0 ? 'Mute' : 'Trace'} for {countdown(parse(length) / 1000)}
          </Control>
          {!disabled && !wrongMode && (
            <span class="dim small">Ends at {clock(now.value + parse(length))}, or when you end it.</span>
          )}
        </div>
        {wrongMode && (
          <p class="small mid">
            Rules work in mode hybrid; this is {reading.tracing.mode}.{' '}
            <Control look="slim" onClick={() => void setMode('hybrid').finally(() => changes.value++)}>
              Switch to hybrid
            </Control>
          </p>
        )}
        {fault.value !== null && fault.value.problem?.errors === undefined && (
          <p class="fault" role="alert">
            {wordsOf(fault.value)}
          </p>
        )}
        <Why />
      </form>
    </Panel>
  );
}

interface FieldProps {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly disabled: boolean;
  readonly onChange: (value: string) => void;
}

function Choice({
  id,
  label,
  value,
  options,
  disabled,
  onChange,
}: FieldProps & { options: readonly (readonly [string, string])[] }) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value}
        disabled={disabled}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      >
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

function Text({
  id,
  label,
  value,
  placeholder,
  disabled,
  fault,
  onChange,
}: FieldProps & { placeholder: string; fault: string | undefined }) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="text"
        value={value}
        placeholder={placeholder}
        disabled={disabled}
        aria-invalid={fault !== undefined}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
      {fault !== undefined && <span class="fault">{fault}</span>}
    </div>
  );
}
