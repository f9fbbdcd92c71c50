/** A choice of one among a few, as pressed buttons; arrow keys move between them. */
import type { ComponentChildren } from 'preact';

interface Props<K extends string> {
  readonly label: string;
  readonly choices: readonly { readonly key: K; readonly text: ComponentChildren }[];
  readonly chosen: K;
  readonly onChoose: (key: K) => void;
}

export function Tabs<K extends string>({ label, choices, chosen, onChoose }: Props<K>) {
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const index = choices.findIndex(({ key }) => key === chosen);
    const next = (index + step + choices.length) % choices.length;
    onChoose(choices[next]!.key);
    (event.currentTarget as HTMLElement).querySelectorAll('button')[next]?.focus();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would bring a legend; the label is enough here
    <div class="tabs" role="group" aria-label={label} onKeyDown={onKeyDown}>
      {choices.map(({ key, text }) => (
        <button key={key} type="button" aria-pressed={key === chosen} onClick={() => onChoose(key)}>
          {text}
        </button>
      ))}
    </div>
  );
}
