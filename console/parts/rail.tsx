/** The way between pages, with what must be known on every one of them. */
import { countdown } from '../format/duration.ts';
import { rate } from '../format/number.ts';
import { latest } from '../state/feed.ts';
import { perSecond } from '../state/rates.ts';
import { PAGES, type Page, route } from '../state/route.ts';
import { identity, signOut } from '../state/session.ts';
import { choose, type Theme, theme } from '../state/theme.ts';
import { Button } from './button.tsx';
import { Icon, type IconName } from './icon.tsx';
import { troubles } from './troubles.ts';

const LABELS: Readonly<Record<Page, { icon: IconName; label: string; long?: string }>> = {
  pipeline: { icon: 'pipeline', label: 'Pipeline' },
  tracing: { icon: 'tracing', label: 'Tracing' },
  traces: { icon: 'traces', label: 'Traces' },
  where: { icon: 'where', label: 'Where', long: ' is my line' },
  tail: { icon: 'tail', label: 'Live tail' },
  config: { icon: 'config', label: 'Config' },
};

export function Rail() {
  return (
    <aside class="rail">
      <Brand />
      <AgentLine />
      <nav aria-label="Console">
        {PAGES.map((page) => (
          <RailItem key={page} page={page} />
        ))}
      </nav>
      <Foot />
    </aside>
  );
}

export function Brand() {
  return (
    <div class="brand">
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d="M3 6h11M3 18h8" class="s-dim" stroke-width="2.5" stroke-linecap="round" />
        <path d="M3 12h13" class="s-acc" stroke-width="2.5" stroke-linecap="round" />
        <circle cx="19" cy="12" r="3" class="h-acc" />
      </svg>
      <span>log-capturer</span>
    </div>
  );
}

function AgentLine() {
  const reading = latest.value;
  return (
    <p class="agent">
      {location.hostname}
      <br />
      {reading === null ? ' ' : `up ${countdown(reading.status.uptime_seconds)}`}
    </p>
  );
}

function RailItem({ page }: { page: Page }) {
  const { icon, label, long } = LABELS[page];
  return (
    <a
      href={`#/${page}`}
      title={label + (long ?? '')}
      aria-current={route.value.page === page ? 'page' : undefined}
    >
      <Icon name={icon} />
      <span class="label">
        {label}
        {long !== undefined && <span class="long">{long}</span>}
      </span>
      <Note page={page} />
    </a>
  );
}

function Note({ page }: { page: Page }) {
  const reading = latest.value;
  if (reading === null) return null;
  if (page === 'tracing') return <span class="note long">{reading.tracing.mode}</span>;
  if (page === 'traces') {
    const traced = perSecond(({ tracing }) => tracing.logs_traced);
    return traced === null || traced === 0 ? null : <span class="note long num">{rate(traced)}</span>;
  }
  if (page !== 'pipeline') return null;
  const { stopped, slow } = troubles(reading.status);
  if (stopped + slow === 0) return null;
  const bad = stopped > 0;
  return (
    <span class={bad ? 'note bad' : 'note warn'}>
      <Icon name={bad ? 'stopped' : 'warning'} small />
      <span class="unseen">{bad ? 'sinks stopped: ' : 'sinks retrying: '}</span>
      {bad ? stopped : slow}
    </span>
  );
}

function Foot() {
  const who = identity.value;
  return (
    <div class="foot">
      {who?.auth === true && (
        <div class="who">
          <Icon name="lock" small />
          <span class="text cut">
            {who.name === undefined ? `${who.role} token` : `${who.name}, ${who.role}`}
          </span>
          <span class="text end">
            <Button look="slim quiet" onClick={signOut}>
              Sign out
            </Button>
          </span>
        </div>
      )}
      <label class="text" for="theme">
        Theme
      </label>
      <select
        id="theme"
        value={theme.value}
        onChange={({ currentTarget }) => choose(currentTarget.value as Theme)}
      >
        <option value="system">System</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </div>
  );
}
