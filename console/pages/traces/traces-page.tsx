/** Traces that the agent remembers: found by filters, live, and one of them in full. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, isAbort, wordsOf } from '../../api/client.ts';
import type { TraceList as Answer } from '../../api/shapes.ts';
import { count, counted, share } from '../../format/number.ts';
import { Banners } from '../../parts/banners.tsx';
import { copy } from '../../parts/copy.ts';
import { Empty, Outline } from '../../parts/panel.tsx';
import { Top } from '../../parts/top.tsx';
import { stale } from '../../state/connection.ts';
import { latest, type Reading } from '../../state/feed.ts';
import { alsoAsk, ownKeys } from '../../state/keys.ts';
import { go, href, route } from '../../state/route.ts';
import { Detail } from './detail.tsx';
import { Filters } from './filters.tsx';
import { filtersOf, isFiltered, pathOf, traceIdIn } from './query.ts';
import { Scatter } from './scatter.tsx';
import { TraceList } from './trace-list.tsx';

const LIMIT = 100;
/** How often the list is asked for while it is live, in milliseconds. */
const EVERY_MS = 2000;

export function TracesPage() {
  const reading = latest.value;
  return (
    <>
      <Top title="Traces" />
      <Banners />
      {reading === null ? <Outline height={640} /> : <Contents reading={reading} />}
    </>
  );
}

function Contents({ reading }: { reading: Reading }) {
  const filters = filtersOf(route.value.query);
  const typedId = traceIdIn(filters.search);
  const [paused, setPaused] = useState(false);
  const pausedAt = useRef(0);
  const { answer, fault } = useTraces(pathOf(filters, LIMIT), paused);
  const { id = typedId ?? undefined, view } = route.value.query;
  const traces = answer?.traces ?? [];
  const togglePause = () => {
    pausedAt.current = reading.tracing.logs_traced;
    setPaused(!paused);
  };
  useKeys({ traces, id, view, togglePause });
  const empty = answer !== null && traces.length === 0;
  const fresh = reading.tracing.logs_traced - pausedAt.current;
  if (empty && !isFiltered(filters) && id === undefined) return <NoTraces reading={reading} />;
  return (
    <>
      <Filters filters={filters} reading={reading} paused={paused} onPause={togglePause} />
      {fault !== null && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      <div class={stale.value ? 'trace-columns stale' : 'trace-columns'}>
        <section class="panel" aria-label="Traces">
          {answer === null ? (
            <Outline height={420} />
          ) : (
            <>
              {traces.length > 0 && (
                <Scatter
                  traces={traces}
                  chosen={id}
                  onOpen={(each) => alsoAsk({ id: each, view: undefined })}
                />
              )}
              {paused && fresh > 0 && (
                <button type="button" class="new-bar" onClick={togglePause}>
                  {count(fresh)} new
                </button>
              )}
              <p class="section-line num">{listWords(traces.length, answer.incomplete)}</p>
              {empty ? (
                <Empty title="No trace fits">
                  <p>The store holds others. Clear a filter, or look at a longer time.</p>
                  <a class="btn" href={href('traces')}>
                    Clear the filters
                  </a>
                </Empty>
              ) : (
                <TraceList traces={traces} chosen={id} />
              )}
            </>
          )}
        </section>
        {id === undefined ? <Hint /> : <Detail id={id} view={view} />}
      </div>
    </>
  );
}

function listWords(found: number, incomplete: boolean): string {
  if (found === 0) return 'None found';
  const more = incomplete ? '; there may be more, narrow the filters to see them' : '';
  return found === LIMIT
    ? `The newest ${LIMIT}, newest first${more}`
    : `${counted(found, 'trace')}, newest first${more}`;
}

function useTraces(path: string, paused: boolean): { answer: Answer | null; fault: string | null } {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  useEffect(() => {
    if (paused) return;
    const asking = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      try {
        if (!document.hidden) setAnswer(await get<Answer>(path, asking.signal));
        setFault(null);
      } catch (error) {
        if (isAbort(error)) return;
        if (!stale.peek()) setFault(wordsOf(error));
      }
      if (!asking.signal.aborted) timer = setTimeout(() => void ask(), EVERY_MS);
    };
    void ask();
    return () => {
      asking.abort();
      clearTimeout(timer);
    };
  }, [path, paused]);
  return { answer, fault };
}

interface KeysOf {
  readonly traces: Answer['traces'];
  readonly id: string | undefined;
  readonly view: string | undefined;
  readonly togglePause: () => void;
}

function useKeys({ traces, id, view, togglePause }: KeysOf): void {
  const step = (by: number) => {
    const at = traces.findIndex(({ trace_id }) => trace_id === id);
    const next = traces[at < 0 ? 0 : Math.min(Math.max(at + by, 0), traces.length - 1)];
    if (next === undefined) return;
    alsoAsk({ id: next.trace_id, view: undefined }, true);
    document.querySelector(`[data-trace="${next.trace_id}"]`)?.scrollIntoView({ block: 'nearest' });
  };
  useEffect(() =>
    ownKeys({
      j: () => step(1),
      k: () => step(-1),
      ArrowDown: () => step(1),
      ArrowUp: () => step(-1),
      Escape: () => alsoAsk({ id: undefined, view: undefined }),
      ' ': togglePause,
      f: () => document.querySelector<HTMLInputElement>('[data-filter]')?.focus(),
      ...(id !== undefined && {
        b: () => alsoAsk({ view: view === 'batch' ? undefined : 'batch' }),
        c: () => void copy(id),
        t: () => {
          const source = traces.find(({ trace_id }) => trace_id === id)?.source_id;
          if (source !== undefined) go('tracing', { rule: source });
        },
      }),
    }),
  );
}

function Hint() {
  return (
    <section class="panel hint desk">
      <Empty title="Open a trace to see its journey">
        <p>
          From the moment the log was read to the acknowledgement of each sink, with every attempt between.
        </p>
      </Empty>
    </section>
  );
}

function NoTraces({ reading: { tracing } }: { reading: Reading }) {
  return (
    <div class="panel">
      <Empty
        title="No traces yet"
        art={
          <svg class="art" width="160" height="48" viewBox="0 0 160 48" aria-hidden="true">
            <path d="M0 8h150M12 24h40M52 40h96" class="s-strong" stroke-width="6" stroke-dasharray="3 5" />
          </svg>
        }
      >
        <p>
          {tracing.mode === 'hybrid'
            ? `Mode is hybrid with a base rate of ${share(tracing.log_tracing_rate)}; slow and failed logs are kept too. Set a rule to trace a source now.`
            : `Mode is ${tracing.mode}: no log is traced in it${tracing.mode === 'system-only' ? ', only batches' : ''}.`}
        </p>
        <a class="btn primary" href={href('tracing')}>
          {tracing.mode === 'hybrid' ? 'Set a rule' : 'Change the mode'}
        </a>
      </Empty>
    </div>
  );
}
