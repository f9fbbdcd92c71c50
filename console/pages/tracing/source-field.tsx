/** The field for a source: a combobox over what the agent reads (https://www.w3.org/WAI/ARIA/apg/patterns/combobox/). */
import { useState } from 'preact/hooks';
import type { Status } from '../../api/shapes.ts';
import { rate } from '../../format/number.ts';
import { Icon } from '../../parts/icon.tsx';
import { perSecond, sourceOf } from '../../state/rates.ts';
import { type Suggestion, suggestions } from './rule-request.ts';

const MOST = 6;

interface Props {
  readonly value: string;
  readonly sources: Status['sources'];
  readonly disabled: boolean;
  readonly fault: string | undefined;
  readonly onChange: (value: string) => void;
}

export function SourceField({ value, sources, disabled, fault, onChange }: Props) {
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const found = open ? suggestions(value, sources, MOST) : [];
  const shown = found.length > 0 && !(found.length === 1 && found[0]!.id === value);
  const choose = ({ id }: Suggestion) => {
    onChange(id);
    setOpen(false);
    setActive(-1);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setOpen(true);
      const count = suggestions(value, sources, MOST).length;
      if (count > 0) setActive((active + step + count) % count);
    } else if (event.key === 'Enter' && shown && found[active] !== undefined) {
      event.preventDefault();
      choose(found[active]);
    } else if (event.key === 'Escape' && shown) {
      event.stopPropagation();
      setOpen(false);
    }
  };
  return (
    <div class="field">
      <label for="rule-source">Source: a path, container, source id or glob</label>
      <div class="combobox">
        <input
          id="rule-source"
          type="text"
          class="mono"
          autocomplete="off"
          spellcheck={false}
          value={value}
          disabled={disabled}
          role="combobox"
          aria-expanded={shown}
          aria-controls="rule-suggestions"
          aria-autocomplete="list"
          aria-activedescendant={shown && active >= 0 ? `rule-suggestion-${active}` : undefined}
          aria-invalid={fault !== undefined}
          onInput={({ currentTarget }) => {
            onChange(currentTarget.value);
            setOpen(true);
            setActive(-1);
          }}
          onFocus={() => setOpen(true)}
          onBlur={() => setOpen(false)}
          onKeyDown={onKeyDown}
        />
        <div class="suggestions" id="rule-suggestions" role="listbox" aria-label="Sources" hidden={!shown}>
          {found.map((each, index) => (
            // The pointer chooses before the field loses the focus; keys choose through the field.
            // biome-ignore lint/a11y/useFocusableInteractive: an option of a combobox is not focused itself
            <div
              key={each.id}
              id={`rule-suggestion-${index}`}
              class={index === active ? 'on' : ''}
              role="option"
              aria-selected={index === active}
              onPointerDown={(event) => {
                event.preventDefault();
                choose(each);
              }}
            >
              <Icon name={each.id === each.source ? 'pipeline' : 'file'} small />
              <span class="mono cut">
                <Marked text={each.id} part={value.trim()} />
              </span>
              <span class="end dim">
                {each.id === each.source ? <Rate source={each.source} /> : each.source}
              </span>
            </div>
          ))}
        </div>
      </div>
      {fault !== undefined && <span class="fault">{fault}</span>}
    </div>
  );
}

function Rate({ source }: { source: string }) {
  const value = perSecond((each) => sourceOf(source)(each)?.ledger.read);
  return <>{value === null ? '' : rate(value).replace('/s', ' logs/s')}</>;
}

/** The text with the part that was typed marked. */
export function Marked({ text, part }: { text: string; part: string }) {
  const at = part === '' ? -1 : text.toLowerCase().indexOf(part.toLowerCase());
  if (at < 0) return <>{text}</>;
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, at + part.length)}</mark>
      {text.slice(at + part.length)}
    </>
  );
}
