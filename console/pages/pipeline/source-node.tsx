/** A source in the graph: what it reads, how far behind it is, what of it is not delivered yet. */
import type { SourceStatus } from '../../api/shapes.ts';
import { Sparkline } from '../../charts/sparkline.tsx';
import { bytes } from '../../format/bytes.ts';
import { count, figure } from '../../format/number.ts';
import { Icon, iconOf } from '../../parts/icon.tsx';
import { lagOf, tailOf } from '../../state/history.ts';
import { perSecond, sourceOf } from '../../state/rates.ts';
import { href } from '../../state/route.ts';
import { Latency } from './latency.tsx';

/** Seconds that the small line shows. */
const SPARK = 60;
const STATES = { stopped: 'stopped', done: 'read to its end', waiting: 'waits for room' } as const;

export function SourceNode({ source }: { source: SourceStatus }) {
  const { id, type, streams, ledger, state } = source;
  const read = perSecond((each) => sourceOf(id)(each)?.ledger.read);
  const many = source.stream_count ?? streams.length;
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
          {many > 1 && ` ×${many}`}
        </span>
        <span class="end rate num">
          {read === null ? '' : figure(read)}
          <i>/s</i>
        </span>
      </div>
      <div class="facts">
        {word === undefined ? (
          <span>
            behind <b>{bytes(lagOf(source))}</b>
          </span>
        ) : (
          <span class={state === 'stopped' ? 'bad' : 'mid'}>{word}</span>
        )}
        <span>
          in flight <b>{count(ledger.in_flight)}</b>
        </span>
      </div>
      <div class="facts">
        <Latency of={`source/${id}`} />
        <Sparkline values={tailOf(`source/${id}/rate`, SPARK)} />
      </div>
    </a>
  );
}
