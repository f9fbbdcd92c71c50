/** The pipeline as a graph: sources, their processors, the dispatcher, sinks, and ribbons as wide as what flows. */
import { line, outline, type Ribbon, ribbons, scaleOf } from '../../charts/ribbons.ts';
import { rate } from '../../format/number.ts';
import { healthOf } from '../../parts/troubles.ts';
import { stale } from '../../state/connection.ts';
import type { Reading } from '../../state/feed.ts';
import { perSecond, sinkOf, sourceOf } from '../../state/rates.ts';
import { DispatcherNode } from './dispatcher-node.tsx';
import { Processors } from './processors.tsx';
import { SinkNode } from './sink-node.tsx';
import { SourceNode } from './source-node.tsx';
import { isTraced } from './traced.ts';

/** Heights of nodes and the space between them, in pixels; pipeline.css has the same. */
const SOURCE = 84;
const SINK = 108;
const GAP = 12;
const LEAST_HEIGHT = 420;
/** Widest ribbon at a node of each side. */
const SOURCE_RIBBON = 60;
const SINK_RIBBON = 94;

interface Flow {
  readonly id: string;
  readonly perSecond: number;
  readonly y: number;
  readonly traced: boolean;
  readonly stopped: boolean;
}

export function Graph({ reading }: { reading: Reading }) {
  const { status, tracing } = reading;
  const { sources, sinks } = status;
  const height = Math.max(stackHeight(sources.length, SOURCE), stackHeight(sinks.length, SINK), LEAST_HEIGHT);
  const incoming = sources.map(
    (source, index): Flow => ({
      id: source.id,
      perSecond: perSecond((each) => sourceOf(source.id)(each)?.ledger.read) ?? 0,
      y: index * (SOURCE + GAP) + SOURCE / 2,
      traced: isTraced(source, tracing),
      stopped: false,
    }),
  );
  const anyTraced = incoming.some((flow) => flow.traced && flow.perSecond > 0);
  const outgoing = sinks.map(
    (sink, index): Flow => ({
      id: sink.id,
      perSecond: perSecond((each) => sinkOf(sink.id)(each)?.ledger.delivered) ?? 0,
      y: index * (SINK + GAP) + SINK / 2,
      traced: anyTraced,
      stopped: healthOf(sink) === 'stopped',
    }),
  );
  const scale = scaleOf(
    [
      { rates: incoming.map((flow) => flow.perSecond), widest: SOURCE_RIBBON },
      { rates: outgoing.map((flow) => flow.perSecond), widest: SINK_RIBBON },
    ],
    height,
  );
  const into = ribbons(incoming, scale, height);
  const out = ribbons(outgoing, scale, height);
  const filtered = perSecond((each) =>
    each.status.sources.reduce((sum, { ledger }) => sum + ledger.filtered, 0),
  );
  return (
    <div class={stale.value ? 'graph stale' : 'graph'}>
      <div>
        <ColumnHead title="Sources">{sourceWords(sources)}</ColumnHead>
        <ul class="column">
          {sources.map((source) => (
            <li key={source.id}>
              <SourceNode source={source} />
            </li>
          ))}
        </ul>
      </div>
      <Gap height={height} look="gap-first">
        {incoming.map((flow, index) => (
          <Straight key={flow.id} flow={flow} width={into[index]!.width} />
        ))}
      </Gap>
      <div class="processors">
        <ColumnHead title="Processors">
          {filtered !== null && filtered > 0 && `${rate(filtered)} filtered`}
        </ColumnHead>
        <ul class="column">
          {incoming.map((flow, index) => (
            <li key={flow.id} class="processor-row">
              <svg viewBox={`0 0 100 ${SOURCE}`} preserveAspectRatio="none" aria-hidden="true">
                <Straight flow={{ ...flow, y: SOURCE / 2 }} width={into[index]!.width} />
              </svg>
              <Processors source={sources[index]!} />
            </li>
          ))}
        </ul>
      </div>
      <Gap height={height}>
        {incoming.map((flow, index) => (
          <Bent key={flow.id} flow={flow} ribbon={into[index]!} outward={false} />
        ))}
      </Gap>
      <div>
        <ColumnHead title="Batches" />
        <DispatcherNode reading={reading} height={height} />
      </div>
      <Gap height={height}>
        {outgoing.map((flow, index) => (
          <Bent key={flow.id} flow={flow} ribbon={out[index]!} outward />
        ))}
      </Gap>
      <div>
        <ColumnHead title="Sinks">{sinkWords(sinks)}</ColumnHead>
        <ul class="column">
          {sinks.map((sink) => (
            <li key={sink.id}>
              <SinkNode sink={sink} detector={tracing.adaptive_sampling.sinks[sink.id]} />
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

function ColumnHead({ title, children }: { title: string; children?: preact.ComponentChildren }) {
  return (
    <p class="column-head">
      <b>{title}</b> <span class="cut">{children}</span>
    </p>
  );
}

function Gap({
  height,
  look = '',
  children,
}: {
  height: number;
  look?: string;
  children: preact.ComponentChildren;
}) {
  return (
    <div class={`gap ${look}`}>
      <p class="column-head">&nbsp;</p>
      <svg height={height} viewBox={`0 0 100 ${height}`} preserveAspectRatio="none" aria-hidden="true">
        {children}
      </svg>
    </div>
  );
}

function Straight({ flow, width }: { flow: Flow; width: number }) {
  return (
    <>
      <rect x="0" width="100" y={flow.y - width / 2} height={width} class="ribbon" />
      {flow.traced && flow.perSecond > 0 && <path d={`M0 ${flow.y}H100`} class="dots" />}
    </>
  );
}

function Bent({ flow, ribbon, outward }: { flow: Flow; ribbon: Ribbon; outward: boolean }) {
  const { node, dispatcher, width } = ribbon;
  const [left, right] = outward ? [dispatcher, node] : [node, dispatcher];
  if (flow.stopped) {
    return <path d={`${line(left - 4, right - 4)}${line(left + 4, right + 4)}`} class="blocked" />;
  }
  return (
    <>
      <path d={outline(left, right, width)} class="ribbon" />
      {flow.traced && flow.perSecond > 0 && <path d={line(left, right)} class="dots" />}
    </>
  );
}

function stackHeight(nodes: number, height: number): number {
  return nodes * height + Math.max(0, nodes - 1) * GAP;
}

function sourceWords(sources: Reading['status']['sources']): string {
  return tally(
    sources.map(
      ({ state }) =>
        ({ running: 'reading', idle: 'idle', waiting: 'waiting', done: 'done', stopped: 'stopped' })[state],
    ),
  );
}

function sinkWords(sinks: Reading['status']['sinks']): string {
  return tally(sinks.map(healthOf));
}

/** `2 accepting, 1 stopped`. */
function tally(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, number]) => `${number} ${word}`).join(', ');
}
