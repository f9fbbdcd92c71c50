/** The filters above the list. Each change is in the address at once, so that it can be passed on. */
import { useState } from 'preact/hooks';
import { rate } from '../../format/number.ts';
import { Button } from '../../parts/button.tsx';
import type { Reading } from '../../state/feed.ts';
import { alsoAsk } from '../../state/keys.ts';
import { perSecond } from '../../state/rates.ts';
import type { Filters as Values } from './query.ts';
import { OUTCOMES, REASONS } from './words.ts';

interface Props {
  readonly filters: Values;
  readonly reading: Reading;
  readonly paused: boolean;
  readonly onPause: () => void;
}

export function Filters({ filters, reading, paused, onPause }: Props) {
  const traced = perSecond(({ tracing }) => tracing.logs_traced);
  const pairs = (words: Readonly<Record<string, string>>) => Object.entries(words);
  const outcomes = Object.entries(OUTCOMES).map(([key, { word }]) => [key, word]);
  const [open, setOpen] = useState(false);
  const set = [
    filters.source,
    filters.reason,
    filters.outcome,
    filters.min,
    filters.since,
    filters.type,
  ].filter(Boolean);
  return (
    <div class={open ? 'filters folding open' : 'filters folding'}>
      <input
        type="search"
        aria-label="Search traces"
        placeholder="Trace id, source or path"
        value={filters.search}
        data-filter
        onInput={({ currentTarget }) => alsoAsk({ search: currentTarget.value, id: undefined }, true)}
      />
      <span class="phone">
        <Button expanded={open} onClick={() => setOpen(!open)}>
          Filters{set.length > 0 && ` (${set.length})`}
        </Button>
      </span>
      <Filter
        name="source"
        label="Source"
        value={filters.source}
        options={reading.status.sources.map(({ id }) => [id, id])}
      />
      <Filter name="reason" label="Reason" value={filters.reason} options={pairs(REASONS)} />
      <Filter name="outcome" label="Outcome" value={filters.outcome} options={outcomes} />
      <Filter
        name="min"
        label="Longer than"
        value={filters.min}
        options={['10ms', '100ms', '500ms', '1s', '5s', '30s'].map((each) => [
          each,
          each.replace(/(\d)(\D)/, '$1 $2'),
        ])}
      />
      <Filter
        name="since"
        label="Last"
        value={filters.since}
        options={[
          ['1m', '1 min'],
          ['5m', '5 min'],
          ['15m', '15 min'],
          ['1h', '1 h'],
        ]}
      />
      <Filter name="type" label="Of" value={filters.type} any="logs" options={[['system', 'batches']]} />
      <span class="live">
        <span class={paused ? 'pulse connecting' : 'pulse'} />
        {traced === null ? '' : rate(traced)}
      </span>
      <Button icon={paused ? 'play' : 'pause'} onClick={onPause}>
        {paused ? 'Go on' : 'Pause'}
      </Button>
    </div>
  );
}

interface FilterProps {
  readonly name: keyof Values;
  readonly label: string;
  readonly value: string;
  readonly any?: string;
  readonly options: readonly (readonly string[])[];
}

function Filter({ name, label, value, any = 'any', options }: FilterProps) {
  // What the address asks for may be none of the usual choices.
  const known = value === '' || options.some(([key]) => key === value);
  return (
    <label class={value === '' ? 'filter' : 'filter on'}>
      <span>{label}</span>
      <select
        value={value}
        onChange={({ currentTarget }) => alsoAsk({ [name]: currentTarget.value, id: undefined })}
      >
        <option value="">{any}</option>
        {[...options, ...(known ? [] : [[value, value]])].map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
