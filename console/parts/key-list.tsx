/** The list of keys, and the switch that puts them off. */
import { useEffect, useRef } from 'preact/hooks';
import { keyListOpen, keysOn, setKeysOn, showKeys } from '../state/keys.ts';
import { Button } from './button.tsx';

const KEYS = [
  [['1', '…', '6'], 'The pages, from Pipeline to Config'],
  [['/'], 'Where is my line'],
  [['j', 'k'], 'Next and previous trace or line'],
  [['Enter'], 'Open it'],
  [['b'], 'From a log to its batch, and back'],
  [['c'], 'Copy the trace id'],
  [['f'], 'Filters'],
  [['t'], 'Trace this source: fills the form, sets nothing'],
  [['Space'], 'Pause or go on'],
  [['Esc'], 'Close, or leave a field'],
  [['?'], 'This list'],
] as const;

export function KeyList() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (keyListOpen.value) dialog.current?.showModal();
    else dialog.current?.close();
  }, [keyListOpen.value]);
  return (
    <dialog ref={dialog} aria-labelledby="keys-title" onClose={() => showKeys(false)}>
      <div class="stack">
        <h2 id="keys-title">Keys</h2>
        <dl class="keys">
          {KEYS.map(([keys, text]) => (
            <>
              <dt>
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dt>
              <dd>{text}</dd>
            </>
          ))}
        </dl>
        <label class="row">
          <input
            type="checkbox"
            checked={keysOn.value}
            onChange={(event) => setKeysOn(event.currentTarget.checked)}
          />
          Single keys act
        </label>
        <div>
          <Button onClick={() => showKeys(false)}>Close</Button>
        </div>
      </div>
    </dialog>
  );
}
