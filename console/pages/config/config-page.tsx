/** The running configuration: where it came from, how the last reload went, and the text with what changed in it. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ApiError, open, send, wordsOf } from '../../api/client.ts';
import type { AgentStatus, Status } from '../../api/shapes.ts';
import { countdown, duration } from '../../format/duration.ts';
import { counted } from '../../format/number.ts';
import { full, moment } from '../../format/time.ts';
import { Banners } from '../../parts/banners.tsx';
import { Control, Why } from '../../parts/button.tsx';
import { Chip } from '../../parts/chip.tsx';
import { Icon } from '../../parts/icon.tsx';
import { NotOffered, Outline, Panel } from '../../parts/panel.tsx';
import { Top } from '../../parts/top.tsx';
import { stale } from '../../state/connection.ts';
import { latest, type Reading } from '../../state/feed.ts';
import { ConfigText } from './config-text.tsx';

type Reload = NonNullable<AgentStatus['config']['last_reload']>;

/** The text that runs, and the one before it, if it was replaced while the page was open. */
const texts = signal<{ readonly now: string; readonly before: string | null; readonly of: string } | null>(
  null,
);
const missing = signal(false);
const reloading = signal<{ readonly busy: boolean; readonly refused: string | null }>({
  busy: false,
  refused: null,
});

export function ConfigPage() {
  const reading = latest.value;
  const version = reading === null ? null : (reading.status.config?.loaded_at ?? reading.status.started_at);
  useEffect(() => {
    if (version !== null) void load(version);
  }, [version]);
  return (
    <>
      <Top title="Config" />
      <Banners />
      {reading === null ? <Outline height={480} /> : <Contents reading={reading} />}
    </>
  );
}

function Contents({ reading }: { reading: Reading }) {
  const { config, config_file } = reading.status;
  const { busy, refused } = reloading.value;
  const last = config?.last_reload;
  return (
    <div class="stack">
      <Panel
        title={config?.file ?? config_file}
        aside={<ReloadChip status={reading.status} now={reading.at} />}
        tools={
          <Control look="slim" icon="retry" busy={busy} onClick={() => void reload()}>
            Read again
          </Control>
        }
        look={stale.value ? 'stale' : ''}
      >
        <p class="small mid">
          {last === undefined
            ? 'The file is watched: it is read again as soon as it is saved.'
            : reloadWords(last)}
          {config !== undefined && ` ${tally(config.reloads)}`}
        </p>
        {last?.problems?.map((problem) => (
          <p key={problem} class="log-line problem">
            {problem}
          </p>
        ))}
        {last !== undefined && last.changes.length > 0 && <ChangeList changes={last.changes} />}
        {refused !== null && (
          <p class="fault" role="alert">
            {refused}
          </p>
        )}
        <Why />
      </Panel>
      <Overrides reading={reading} />
      {missing.value ? (
        <NotOffered what="its configuration" path="/api/config" />
      ) : texts.value === null ? (
        <Outline height={320} />
      ) : (
        <ConfigText now={texts.value.now} before={texts.value.before} />
      )}
    </div>
  );
}

function ReloadChip({ status, now }: { status: Status; now: number }) {
  const last = status.config?.last_reload;
  const loaded = status.config?.loaded_at ?? status.started_at;
  if (last?.result === 'refused') {
    return (
      <Chip tone="bad" icon="warning">
        Refused {moment(last.at, now)}, the previous one runs
      </Chip>
    );
  }
  return (
    <span title={full(loaded)}>
      <Chip tone="ok" icon="delivered">
        {last === undefined ? 'Read' : last.result === 'applied' ? 'Applied' : 'Unchanged'}{' '}
        {moment(last?.at ?? loaded, now)}
      </Chip>
    </span>
  );
}

const TRIGGERS = {
  api: 'asked for through the API',
  signal: 'by SIGHUP',
  watch: 'because the file changed',
} as const;

function reloadWords({ result, trigger, changes, took_ms }: Reload): string {
  const why = TRIGGERS[trigger];
  if (result === 'refused') return `Read again ${why}, and refused: everything is as it was.`;
  if (result === 'unchanged') return `Read again ${why}; nothing in it had changed.`;
  return `${counted(changes.length, 'change')}, ${why}, in ${duration(took_ms)}; no log was lost or sent twice by it.`;
}

function tally({ applied = 0, refused = 0 }: Readonly<Record<string, number>>): string {
  if (applied + refused === 0) return '';
  return `Since start: ${applied} applied, ${refused} refused.`;
}

function ChangeList({ changes }: { changes: Reload['changes'] }) {
  return (
    <ul class="change-list">
      {changes.map(({ path, action }) => (
        <li key={path} class="row">
          <code>{path}</code>
          {action === 'restart_required' ? (
            <Chip tone="warn" icon="warning">
              takes effect at the next start
            </Chip>
          ) : (
            <Chip>{action}</Chip>
          )}
        </li>
      ))}
    </ul>
  );
}

/** What holds now although the file says otherwise. */
function Overrides({ reading }: { reading: Reading }) {
  const entries = Object.entries(reading.tracing.overrides ?? {});
  if (entries.length === 0) return null;
  return (
    <Panel
      title="Set at run time"
      aside={<span class="dim small">until a reload is applied or the agent is started anew</span>}
    >
      <ul class="change-list">
        {entries.map(([path, { value, configured, remaining_seconds: left }]) => (
          <li key={path} class="row">
            <Icon name="tracing" small />
            <code>tracing.{path}</code>
            <span>
              {String(value)} <span class="dim">instead of {String(configured)}</span>
            </span>
            {left !== undefined && <span class="dim">for {countdown(left)}</span>}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

async function load(version: string): Promise<void> {
  const held = texts.peek();
  if (held?.of === version) return;
  try {
    const answer = await open('GET', 'api/config?format=yaml', { signal: AbortSignal.timeout(10_000) });
    const now = (await answer.text()).replace(/^#.*\n/, '').trimEnd();
    texts.value = { now, before: held === null || held.now === now ? null : held.now, of: version };
  } catch (error) {
    missing.value = error instanceof ApiError && error.missing;
  }
}

async function reload(): Promise<void> {
  reloading.value = { busy: true, refused: null };
  try {
    await send('POST', 'api/config/reload');
    reloading.value = { busy: false, refused: null };
  } catch (error) {
    // A file with faults is an answer too, and the page shows it with its problems.
    const shown = error instanceof ApiError && error.status === 422;
    reloading.value = { busy: false, refused: shown ? null : wordsOf(error) };
  }
}
