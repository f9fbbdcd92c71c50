/** One trace: its sentence, its waterfall, the attributes of the chosen span, and the way to its batch and back. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, get, isAbort, wordsOf } from '../../api/client.ts';
import type { Trace } from '../../api/shapes.ts';
import { type Found, rootOf, waterfall } from '../../charts/waterfall.ts';
import { counted } from '../../format/number.ts';
import { clockMs, full } from '../../format/time.ts';
import { Button } from '../../parts/button.tsx';
import { Chip } from '../../parts/chip.tsx';
import { copy } from '../../parts/copy.ts';
import { Icon } from '../../parts/icon.tsx';
import { Empty, Outline } from '../../parts/panel.tsx';
import { runningConfig } from '../../state/config.ts';
import { alsoAsk } from '../../state/keys.ts';
import { href, route } from '../../state/route.ts';
import { Attributes } from './attributes.tsx';
import { otlpJson } from './otlp-json.ts';
import { sentenceOf } from './sentence.ts';
import { WaterfallView } from './waterfall-view.tsx';
import { REASONS, signOf } from './words.ts';

export function Detail({ id, view }: { id: string; view: string | undefined }) {
  const [answer, setAnswer] = useState<Trace | ApiError | null>(null);
  useEffect(() => {
    const asking = new AbortController();
    setAnswer((before) =>
      before !== null && !(before instanceof ApiError) && before.trace_id === id ? before : null,
    );
    get<Trace>(`api/traces/${id}`, asking.signal).then(setAnswer, (error: unknown) => {
      if (!isAbort(error)) setAnswer(error instanceof ApiError ? error : new ApiError(0, wordsOf(error)));
    });
    return () => asking.abort();
  }, [id]);
  if (answer === null) return <Outline height={420} />;
  if (answer instanceof ApiError) {
    return (
      <section class="panel">
        <Empty title={answer.status === 404 ? 'This trace is not remembered' : 'The trace could not be read'}>
          <p>{answer.message}</p>
        </Empty>
      </section>
    );
  }
  const logs = answer.traces;
  const index = Math.min(Number(route.value.query.part ?? 0) || 0, Math.max(0, logs.length - 1));
  const log = logs[index];
  const batch = batchOf(answer, log);
  const shown = view === 'batch' && batch !== undefined ? batch : (log ?? answer.linked[0]);
  if (shown === undefined) return null;
  return (
    <Shown
      key={shown.trace_id + shown.started_at}
      trace={shown}
      log={log}
      batch={batch}
      parts={logs.length}
      index={index}
    />
  );
}

/** The batch that a log was in: the one that its root links to. */
function batchOf(answer: Trace, log: Found | undefined): Found | undefined {
  if (log === undefined || log.type === 'system') return undefined;
  const linked = new Set(log.spans.flatMap(({ links }) => links.map(({ trace_id }) => trace_id)));
  return answer.linked.find(({ trace_id }) => linked.has(trace_id)) ?? answer.linked[0];
}

interface ShownProps {
  readonly trace: Found;
  readonly log: Found | undefined;
  readonly batch: Found | undefined;
  readonly parts: number;
  readonly index: number;
}

function Shown({ trace, log, batch, parts, index }: ShownProps) {
  const isLog = trace === log && trace.type === 'log';
  const drawn = waterfall(trace, isLog ? batch : undefined);
  const root = rootOf(trace);
  const [chosen, setChosen] = useState(root.span_id);
  const row = drawn.rows.find(({ key }) => key === chosen) ?? drawn.rows[0]!;
  const sign = signOf(trace);
  const section = useRef<HTMLElement>(null);
  // Where the list stands above, the trace would open out of sight.
  useEffect(() => {
    if (matchMedia('(max-width: 1199px)').matches) section.current?.scrollIntoView({ block: 'start' });
  }, []);
  return (
    <section
      ref={section}
      class="panel"
      aria-label={isLog ? 'Log trace' : 'Batch trace'}
      data-detail={trace.trace_id}
    >
      <div class="detail-head stack">
        <div class="row wrap">
          {!isLog && log !== undefined && trace !== log && (
            <Button look="slim" icon="back" onClick={() => alsoAsk({ view: undefined })}>
              Back to the log
            </Button>
          )}
          <Chip icon={sign.icon} {...((sign.tone === 'ok' || sign.tone === 'bad') && { tone: sign.tone })}>
            {sign.word}
          </Chip>
          {trace.reason !== undefined && <Chip>{REASONS[trace.reason]}</Chip>}
          <span class="mono dim cut">{trace.trace_id}</span>
          <Actions trace={trace} batch={isLog ? batch : undefined} />
        </div>
        <h2>{together(sentenceOf(trace, isLog ? batch : undefined))}</h2>
        {parts > 1 && isLog && <Parts parts={parts} index={index} />}
      </div>
      <p class="section-line">
        <span title={full(root.started_at)}>
          {isLog ? 'Read' : 'Opened'} {clockMs(root.started_at)}, acknowledged by every sink{' '}
          {clockMs(root.ended_at)}
        </span>
        {isLog && batch !== undefined && (
          <span class="end">
            <a class="nowrap" href={href('traces', { ...route.value.query, view: 'batch' })}>
              Batch of{' '}
              {counted(Number(rootOf(batch).attributes['messaging.batch.message_count'] ?? 0), 'log')} →
            </a>
          </span>
        )}
      </p>
      <WaterfallView of={drawn} chosen={row.key} onChoose={setChosen} />
      {drawn.rows.some(({ ofBatch }) => ofBatch === true) && (
        <p class="section-line">
          <Icon name="link" small />
          <span>Attempts are spans of the batch: one request carried all of its logs.</span>
        </p>
      )}
      <Attributes row={row} root={root} trace={trace} />
    </section>
  );
}

/** Several logs of one request may share a trace id. */
function Parts({ parts, index }: { parts: number; index: number }) {
  return (
    <p class="row small mid">
      Log {index + 1} of {parts} with this trace id
      <Button
        look="slim"
        icon="back"
        label="Previous log"
        disabled={index === 0}
        onClick={() => alsoAsk({ part: String(index - 1) })}
      />
      <Button
        look="slim"
        icon="chevron"
        label="Next log"
        disabled={index + 1 >= parts}
        onClick={() => alsoAsk({ part: String(index + 1) })}
      />
    </p>
  );
}

function Actions({ trace, batch }: { trace: Found; batch: Found | undefined }) {
  const [copied, setCopied] = useState(false);
  const template = runningConfig.value?.console?.trace_url;
  const save = () => {
    const traces = batch === undefined ? [trace] : [trace, batch];
    const text = JSON.stringify(otlpJson(traces, 'log-capturer'), null, 2);
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
    link.download = `trace-${trace.trace_id}.json`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <span class="end row actions">
      <Button
        look="slim"
        icon={copied ? 'check' : 'copy'}
        onClick={() => void copy(trace.trace_id).then(setCopied)}
      >
        {copied ? 'Copied' : 'Copy id'}
      </Button>
      <Button look="slim" icon="download" onClick={save}>
        OTLP JSON
      </Button>
      {template !== undefined && (
        <a
          class="btn slim"
          href={template.replaceAll('{trace_id}', trace.trace_id)}
          target="_blank"
          rel="noreferrer"
        >
          <Icon name="external" small />
          {nameOf(template)}
        </a>
      )}
    </span>
  );
}

/** A figure and its unit on one line. */
function together(text: string): string {
  return text.replaceAll(/(\d) (ms|s|min|h|KiB|MiB)\b/g, '$1\u00a0$2');
}

/** What the address leads to, as far as it can be told. */
function nameOf(template: string): string {
  const found = /jaeger|tempo|grafana|zipkin|honeycomb|datadog/i.exec(template)?.[0];
  return found === undefined ? 'Open' : found.charAt(0).toUpperCase() + found.slice(1).toLowerCase();
}
