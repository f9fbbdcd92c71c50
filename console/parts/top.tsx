/** The top line of a page: its title, its figures in one sentence, the question for a line, and whether it is live. */
import type { ComponentChildren } from 'preact';
import { connection } from '../state/connection.ts';
import { go } from '../state/route.ts';
import { Icon } from './icon.tsx';

const LIVE = { live: 'Live', lost: 'No connection', connecting: 'Connecting' } as const;

export function Top({
  title,
  find = true,
  children,
}: {
  title: string;
  find?: boolean;
  children?: ComponentChildren;
}) {
  const { state } = connection.value;
  return (
    <header class="top">
      <h1>{title}</h1>
      <span class="summary num desk cut">{children}</span>
      {find && <Find />}
      <span class={find ? 'live' : 'live end'}>
        <span class={`pulse ${state}`} />
        {LIVE[state]}
      </span>
    </header>
  );
}

function Find() {
  return (
    <search class="find">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const text = new FormData(event.currentTarget).get('text');
          if (typeof text === 'string' && text.trim() !== '') go('where', { text: text.trim() });
        }}
      >
        <Icon name="search" />
        <input
          type="search"
          name="text"
          aria-label="Where is my line"
          placeholder="Where is my line? Paste it here"
          data-find
        />
        <kbd>/</kbd>
      </form>
    </search>
  );
}
