/** The configuration as text, keys set off from values; lines that the last reload changed are marked. */
import { useState } from 'preact/hooks';
import { Panel } from '../../parts/panel.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { type DiffLine, lineDiff } from './line-diff.ts';

/** Unchanged lines shown around a change. */
const AROUND = 3;
const VIEWS = [
  { key: 'changes', text: 'What changed' },
  { key: 'all', text: 'All of it' },
] as const;

export function ConfigText({ now, before }: { now: string; before: string | null }) {
  const [view, setView] = useState<'changes' | 'all'>('changes');
  const lines =
    before === null
      ? now.split('\n').map((text): DiffLine => ({ kind: 'same', text }))
      : lineDiff(before.split('\n'), now.split('\n'));
  const shown =
    before === null || view === 'all' ? lines.map((line, index) => ({ line, index })) : near(lines);
  return (
    <Panel
      title="What runs"
      bare
      aside={<span class="dim small">with defaults; secrets are masked</span>}
      {...(before !== null && {
        tools: <Tabs label="Show" choices={VIEWS} chosen={view} onChoose={setView} />,
      })}
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys */}
      <section class="config-text" tabIndex={0} aria-label="Configuration">
        {shown.map(({ line, index }) => (
          <div key={index} class={line.kind}>
            <i>{index + 1}</i>
            <i>{{ same: '', added: '+', removed: '−' }[line.kind]}</i>
            <Line text={line.text} />
          </div>
        ))}
      </section>
    </Panel>
  );
}

function near(lines: readonly DiffLine[]): { line: DiffLine; index: number }[] {
  return lines
    .map((line, index) => ({ line, index }))
    .filter(({ index }) =>
      lines.slice(Math.max(0, index - AROUND), index + AROUND + 1).some(({ kind }) => kind !== 'same'),
    );
}

function Line({ text }: { text: string }) {
  const key = /^(\s*(?:- )?)([^\s:#'"][^:]*:)(.*)$/.exec(text);
  if (key === null) return <span>{text}</span>;
  return (
    <span>
      {key[1]}
      <span class="key">{key[2]}</span>
      {key[3]}
    </span>
  );
}
