/** A source in the graph: what it reads, how far behind it is, what of it is not delivered yet. */
import type { SourceStatus } from '../../api/shapes.ts';
import { Sparkline } from '../../charts/sparkline.tsx';
import { bytes } from '../../format/bytes.ts';
import { duration } from '../../format/duration.ts';
import { count, figure } from '../../format/number.ts';
import { Icon, iconOf } from '../../parts/icon.tsx';
import { latest } from '../../state/feed.ts';
import { tailOf } from '../../state/history.ts';
import { perSecond, sourceOf } from '../../state/rates.ts';
import { href } from '../../state/route.ts';

/** Seconds that the small line shows. */
const SPARK = 60;
const STATES = { stopped: 'stopped', done: 'read to its end', waiting: 'waits for room' } as const;

export function SourceNode({ source }: { source: SourceStatus }) {
  const { id, type, streams, ledger, state } = source;
  const read = perSecond((each) => sourceOf(id)(each)?.ledger.read);
  const lag = streams.reduce((sum, { lag_bytes }) => sum + lag_bytes, 0);
  const detector = latest.value?.tracing.adaptive_sampling.sources[id];
  const word = (STATES as Partial<Record<string, string>>)[state];
  return (
    <a
      class={`node source ${state}`}
      href={href('pipeline', { open: `source:${id}` })}
      data-node={`source:${id}`}
    >
      <div class="node-line">
        <Icon name={iconOf(type)} />
        <b class="cut">{id}</b>
        <span class="dim small cut">
          {type}
          {streams.length > 1 && ` ×${streams.length}`}
        </span>
        <span class="end rate num">
          {read === null ? '' : figure(read)}
          <i>/s</i>
        </span>
      </div>
      <div class="facts">
        {word === undefined ? (
          <span>
            behind <b>{bytes(lag)}</b>
          </span>
        ) : (
          <span class={state === 'stopped' ? 'bad' : 'mid'}>{word}</span>
        )}
        <span>
          in flight <b>{count(ledger.in_flight)}</b>
        </span>
      </div>
      <div class="facts">
        {detector !== undefined && detector.p99_seconds > 0 && (
          <span>
            P99 <b>{duration(detector.p99_seconds * 1000)}</b>
          </span>
        )}
        <Sparkline values={tailOf(`source/${id}/rate`, SPARK)} />
      </div>
    </a>
  );
}
