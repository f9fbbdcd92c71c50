/** Live tail: lines as the agent reads them, redacted as the pipeline redacts, no more than the rate asked for. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, wordsOf } from '../../api/client.ts';
import { listen } from '../../api/events.ts';
import { count, rate } from '../../format/number.ts';
import { Banners } from '../../parts/banners.tsx';
import { Button } from '../../parts/button.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Empty, NotOffered, Outline } from '../../parts/panel.tsx';
import { Top } from '../../parts/top.tsx';
import { stale } from '../../state/connection.ts';
import { latest, type Reading } from '../../state/feed.ts';
import { alsoAsk, ownKeys } from '../../state/keys.ts';
import { go, route } from '../../state/route.ts';
import { addRows, type LogEvent, type TailRow } from './rows.ts';
import { TailRowView } from './tail-row.tsx';

const RATES = ['10', '50', '200'] as const;
const DEFAULT_RATE = '50';
/** The page is drawn this often at most, in milliseconds; figures change at most twice a second. */
const DRAW_MS = 500;
/** A stream without a line is no fault; the agent sends comments. */
const SILENCE_MS = 60_000;
const RETRY_MS = 2000;
/** How long lines are put off while someone types in the filter, in milliseconds. */
const TYPING_MS = 400;

export function TailPage() {
  const reading = latest.value;
  return (
    <>
      <Top title="Live tail" />
      <Banners />
      {reading === null ? <Outline height={480} /> : <Contents reading={reading} />}
    </>
  );
}

function Contents({ reading }: { reading: Reading }) {
  const { source = '', text = '', rate: cap = DEFAULT_RATE } = route.value.query;
  const [paused, setPaused] = useState(false);
  const [chosen, setChosen] = useState<number | null>(null);
  const { rows, fault, missed, counts } = useTail({ source, text, rate: cap }, paused);
  const row = rows.find(({ key }) => key === chosen);
  const step = (by: number) => {
    const at = rows.findIndex(({ key }) => key === chosen);
    setPaused(true);
    setChosen(rows[Math.min(Math.max(at + by, 0), rows.length - 1)]?.key ?? null);
  };
  useEffect(() =>
    ownKeys({
      j: () => step(1),
      k: () => step(-1),
      ' ': () => setPaused(!paused),
      f: () => document.querySelector<HTMLInputElement>('[data-filter]')?.focus(),
      Escape: () => setChosen(null),
      ...(row !== undefined && { t: () => go('tracing', { rule: row.source_id ?? row.source }) }),
    }),
  );
  if (fault?.missing === true) {
    return (
      <section class="panel panel-body">
        <NotOffered what="a live tail" path="/api/tail" />
      </section>
    );
  }
  return (
    <>
      <div class="filters">
        <input
          type="search"
          aria-label="Only lines with this text"
          placeholder="Only lines with this text"
          value={text}
          data-filter
          onInput={({ currentTarget }) => alsoAsk({ text: currentTarget.value }, true)}
        />
        <label class={source === '' ? 'filter' : 'filter on'}>
          <span>Source</span>
          <select value={source} onChange={({ currentTarget }) => alsoAsk({ source: currentTarget.value })}>
            <option value="">any</option>
            {reading.status.sources.map(({ id }) => (
              <option key={id} value={id}>
                {id}
              </option>
            ))}
          </select>
        </label>
        <label class="filter">
          <span>At most</span>
          <select value={cap} onChange={({ currentTarget }) => alsoAsk({ rate: currentTarget.value })}>
            {RATES.map((each) => (
              <option key={each} value={each}>
                {each}/s
              </option>
            ))}
          </select>
        </label>
        <Button icon={paused ? 'play' : 'pause'} onClick={() => setPaused(!paused)}>
          {paused ? 'Go on' : 'Pause'}
        </Button>
      </div>
      {fault !== null && !stale.value && (
        <p class="fault" role="alert">
          {wordsOf(fault)}
        </p>
      )}
      {rows.length === 0 ? (
        <NoLines reading={reading} filtered={text !== '' || source !== ''} />
      ) : (
        <section class={stale.value ? 'panel stale' : 'panel'} aria-label="Live lines">
          <div class="panel-head small">
            <span class="mid num">
              <Shown counts={counts} />
              {paused && missed > 0 && `; ${count(missed)} new while paused`}
            </span>
            <span class="end legend desk">
              <span>
                <svg width="8" height="8" aria-hidden="true">
                  <circle cx="4" cy="4" r="4" class="h-acc" />
                </svg>
                traced, click to open
              </span>
              <span>
                <Icon name="lock" small />
                redacted as the pipeline redacts
              </span>
            </span>
          </div>
          <ul class="stream">
            {rows.map((each) => (
              <TailRowView
                key={each.key}
                row={each}
                part={text}
                chosen={each.key === chosen}
                onChoose={() => {
                  setPaused(true);
                  setChosen(each.key === chosen ? null : each.key);
                }}
              />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

/** How much of what passes is shown, as the agent counts it. */
function Shown({ counts }: { counts: Counts | null }) {
  if (counts === null) return <>Live</>;
  const { passed, shown, unsearched } = counts;
  return (
    <>
      Showing <b>{rate(shown)}</b> of {rate(passed)}
      {passed > shown && shown > 0 && `, 1 in ${count(Math.round(passed / shown))}`}
      {unsearched > 0 && `; ${rate(unsearched)} were not searched for the text`}
    </>
  );
}

/** Of the last second. */
interface Counts {
  readonly passed: number;
  readonly shown: number;
  readonly skipped: number;
  readonly unsearched: number;
}

interface Wanted {
  readonly source: string;
  readonly text: string;
  readonly rate: string;
}

interface Tail {
  readonly rows: readonly TailRow[];
  readonly fault: ApiError | null;
  /** Lines that came while paused. */
  readonly missed: number;
  readonly counts: Counts | null;
}

function useTail({ source, text, rate: cap }: Wanted, paused: boolean): Tail {
  const [rows, setRows] = useState<readonly TailRow[]>([]);
  const [fault, setFault] = useState<ApiError | null>(null);
  const [missed, setMissed] = useState(0);
  const [counts, setCounts] = useState<Counts | null>(null);
  const held = useRef<LogEvent[]>([]);
  const isPaused = useRef(paused);
  isPaused.current = paused;
  const nextKey = useRef(0);

  useEffect(() => {
    const stop = new AbortController();
    const query = new URLSearchParams({
      ...(source !== '' && { source }),
      ...(text !== '' && { text }),
      rate: cap,
    });
    const follow = async () => {
      await new Promise((resolve) => setTimeout(resolve, text === '' ? 0 : TYPING_MS));
      while (!stop.signal.aborted) {
        try {
          await listen(`api/tail?${query}`, {
            signal: stop.signal,
            silenceMs: SILENCE_MS,
            on: ({ event, data }) => {
              setFault(null);
              if (event === 'log') held.current.push(JSON.parse(data) as LogEvent);
              if (event === 'counts') setCounts(JSON.parse(data) as Counts);
            },
          });
        } catch (error) {
          setFault(error instanceof ApiError ? error : new ApiError(0, wordsOf(error)));
          if (error instanceof ApiError && error.missing) return;
        }
        if (!stop.signal.aborted) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    };
    held.current = [];
    setRows([]);
    void follow();
    const timer = setInterval(() => {
      const fresh = held.current;
      if (isPaused.current) {
        setMissed(fresh.length);
        held.current = fresh.slice(-1000);
        return;
      }
      if (fresh.length === 0) return;
      held.current = [];
      setMissed(0);
      setRows((before) => addRows(before, fresh, nextKey.current));
      nextKey.current += fresh.length;
    }, DRAW_MS);
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, [source, text, cap]);
  return { rows, fault, missed, counts };
}

function NoLines({ reading: { status }, filtered }: { reading: Reading; filtered: boolean }) {
  const streams = status.sources.reduce((sum, source) => sum + source.streams.length, 0);
  return (
    <div class="panel">
      <Empty title={filtered ? 'No line has fitted yet' : 'No line has been read yet'}>
        <p>
          {filtered
            ? 'Lines that fit appear here as the agent reads them.'
            : `Lines appear here as the agent reads them. It follows ${count(streams)} ${streams === 1 ? 'stream' : 'streams'} of ${count(status.sources.length)} ${status.sources.length === 1 ? 'source' : 'sources'}.`}
        </p>
      </Empty>
    </div>
  );
}
