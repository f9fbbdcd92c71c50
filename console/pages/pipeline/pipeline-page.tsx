/** The pipeline, live: what needs attention, the graph, the ledger, and one source or sink in a drawer. */
import { rate } from '../../format/number.ts';
import { Banners } from '../../parts/banners.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Empty, Outline } from '../../parts/panel.tsx';
import { Top } from '../../parts/top.tsx';
import { stale } from '../../state/connection.ts';
import { latest, type Reading } from '../../state/feed.ts';
import { useHistory } from '../../state/history.ts';
import { alsoAsk } from '../../state/keys.ts';
import { perSecond } from '../../state/rates.ts';
import { route } from '../../state/route.ts';
import { attention } from './attention.ts';
import { Graph } from './graph.tsx';
import { Ledger } from './ledger.tsx';
import { SinkDrawer } from './sink-drawer.tsx';
import { SourceDrawer } from './source-drawer.tsx';

export function PipelinePage() {
  const reading = latest.value;
  useHistory();
  return (
    <>
      <Top title="Pipeline">{reading !== null && <Sentence />}</Top>
      <Banners />
      {reading === null ? <Outline height={480} /> : <Contents reading={reading} />}
    </>
  );
}

function Sentence() {
  const read = perSecond(({ status }) => status.sources.reduce((sum, { ledger }) => sum + ledger.read, 0));
  const delivered = perSecond(({ status }) =>
    status.sources.reduce((sum, { ledger }) => sum + ledger.delivered, 0),
  );
  if (read === null || delivered === null) return null;
  return (
    <>
      {rate(read).replace('/s', ' logs/s')} in, {rate(delivered)} fully delivered
    </>
  );
}

function Contents({ reading }: { reading: Reading }) {
  const { status } = reading;
  if (status.sources.length === 0 && status.sinks.length === 0) return <NothingConfigured />;
  return (
    <>
      <Notices reading={reading} />
      <Graph reading={reading} />
      <Ledger status={status} />
      <Opened reading={reading} />
    </>
  );
}

function Notices({ reading }: { reading: Reading }) {
  const notices = attention(reading.status, reading.tracing);
  if (notices.length === 0) return null;
  return (
    <ul class={stale.value ? 'notices stale' : 'notices'} aria-label="Needs attention">
      {notices.map(({ level, lead, rest, link }) => (
        <li key={lead}>
          <span class={level}>
            <Icon name={level === 'bad' ? 'stopped' : 'warning'} />
          </span>
          <span class="words">
            <b>{lead}</b>
            {rest}
          </span>
          {link !== undefined && (
            <span class="end">
              <a href={link.href}>{link.text}</a>
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

function Opened({ reading: { status } }: { reading: Reading }) {
  const [kind, id] = (route.value.query.open ?? '').split(/:(.*)/);
  const close = () => alsoAsk({ open: undefined });
  const source = kind === 'source' ? status.sources.find((each) => each.id === id) : undefined;
  if (source !== undefined) return <SourceDrawer key={id} source={source} onClose={close} />;
  const sink = kind === 'sink' ? status.sinks.find((each) => each.id === id) : undefined;
  return sink === undefined ? null : <SinkDrawer key={id} sink={sink} onClose={close} />;
}

function NothingConfigured() {
  return (
    <div class="panel">
      <Empty
        title="No source is configured"
        art={
          <svg class="art" width="200" height="56" viewBox="0 0 200 56" aria-hidden="true">
            <rect x="1" y="14" width="48" height="28" rx="5" class="s-strong" stroke-dasharray="4 3" />
            <rect x="76" y="6" width="48" height="44" rx="5" class="s-strong" stroke-dasharray="4 3" />
            <rect x="151" y="14" width="48" height="28" rx="5" class="s-strong" stroke-dasharray="4 3" />
            <path d="M49 28h27M124 28h27" class="s-strong" stroke-dasharray="2 4" />
          </svg>
        }
      >
        <p>
          The agent is running and ready. Add a source and a sink to the configuration file; it is read again
          as soon as you save it.
        </p>
        <pre>{`sources:\n  - { id: nginx, type: file, include: [/var/log/nginx/*.log] }\nsinks:\n  - { id: loki, type: loki, url: http://127.0.0.1:3100 }`}</pre>
      </Empty>
    </div>
  );
}
