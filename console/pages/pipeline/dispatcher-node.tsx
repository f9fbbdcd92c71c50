/** The dispatcher in the graph: the pool of batches, how they are formed, and how long logs take through the agent. */
import { bytes } from '../../format/bytes.ts';
import { duration } from '../../format/duration.ts';
import { count, figure, rate } from '../../format/number.ts';
import type { Reading } from '../../state/feed.ts';
import { perSecond } from '../../state/rates.ts';

const PER_ROW = 16;
const STEP = 10.5;
/** More squares than this would not be told apart; then each stands for several slots. */
const MOST_SQUARES = 96;

export function DispatcherNode({ reading, height }: { reading: Reading; height: number }) {
  const { dispatcher, sinks } = reading.status;
  const taken = perSecond(({ status }) => status.sources.reduce((sum, { ledger }) => sum + ledger.read, 0));
  const takenBytes = perSecond(({ status }) =>
    status.sources.reduce((sum, { ledger }) => sum + ledger.read_bytes, 0),
  );
  const batches = perSecond(({ status }) => status.dispatcher.batches);
  const retries = perSecond(({ status }) => status.sinks.reduce((sum, each) => sum + each.retries, 0));
  const oldest = Math.max(0, ...sinks.map((sink) => sink.oldest_unacknowledged_seconds));
  const used = dispatcher.slots - dispatcher.slots_free;
  const { agent, enabled } = reading.tracing.adaptive_sampling;
  const waiting = sinks.filter((sink) => sink.queued_batches + sink.sending_batches > 0);
  return (
    <div class="node dispatcher" style={{ height: `${height}px` }}>
      <div class="node-line">
        <b>Dispatcher</b>
        <span class="end rate num">
          {taken === null ? '' : figure(taken)}
          <i>/s</i>
        </span>
      </div>
      <Pool slots={dispatcher.slots} held={dispatcher.batches_in_flight} used={used} />
      <p class="small mid">
        <b>
          {used} of {dispatcher.slots} batches
        </b>{' '}
        in memory
        <br />
        <span class="dim">
          {poolWords(
            dispatcher.batches_in_flight,
            used,
            waiting.map(({ id }) => id),
          )}
        </span>
      </p>
      <dl>
        <Fact name="Batches" value={batches === null ? '' : rate(batches)} />
        <Fact
          name="Logs in each"
          value={batches === null || taken === null || batches === 0 ? '–' : count(taken / batches)}
        />
        <Fact name="Bytes" value={takenBytes === null ? '' : `${bytes(takenBytes)}/s`} />
      </dl>
      <dl>
        <Fact name="In flight" value={count(dispatcher.records_in_flight)} />
        <Fact name="Retries" value={retries === null ? '' : rate(retries)} />
      </dl>
      <dl>
        <Fact
          name="Read to ack P99"
          value={!enabled || agent.p99_seconds === 0 ? '–' : duration(agent.p99_seconds * 1000)}
          look={agent.active ? 'warn' : ''}
        />
        <Fact
          name="Oldest waiting"
          value={oldest === 0 ? '0' : duration(oldest * 1000)}
          look={oldest > 60 ? 'bad' : oldest > 5 ? 'warn' : ''}
        />
      </dl>
    </div>
  );
}

function Fact({ name, value, look = '' }: { name: string; value: string; look?: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd class={look}>{value}</dd>
    </>
  );
}

/** One square a slot: held by a batch, being filled (outlined), or free. */
function Pool({ slots, held, used }: { slots: number; held: number; used: number }) {
  const each = Math.max(1, Math.ceil(slots / MOST_SQUARES));
  const squares = Math.ceil(slots / each);
  const rows = Math.ceil(squares / PER_ROW);
  const look = (index: number) => {
    if (index * each < held) return 'h-ink';
    return index * each < used ? 'h-soft s-acc' : 'h-sunk';
  };
  return (
    <svg
      class="slots"
      viewBox={`0 0 168 ${rows * STEP}`}
      role="img"
      aria-label={`${used} of ${slots} batches in use, ${held} of them held until every sink has them`}
    >
      {Array.from({ length: squares }, (_, index) => (
        <rect
          // Squares never move.
          key={index}
          x={(index % PER_ROW) * STEP + 0.5}
          y={Math.floor(index / PER_ROW) * STEP + 0.5}
          width="8"
          height="8"
          rx="1.5"
          class={look(index)}
        />
      ))}
    </svg>
  );
}

function poolWords(held: number, used: number, sinks: readonly string[]): string {
  const filling = Math.max(0, used - held);
  const parts = [
    ...(filling > 0 ? [`${filling} filling`] : []),
    ...(held > 0 ? [`${held} waiting${sinks.length === 1 ? ` for ${sinks[0]}` : ''}`] : []),
  ];
  return parts.length === 0 ? 'None waits.' : `${parts.join(', ')}.`;
}
