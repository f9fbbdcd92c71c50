/** A sink in the graph: what it takes, whether it accepts, its breaker as a drawn switch, its buffer. */
import type { SinkStatus, TracingStatus } from '../../api/shapes.ts';
import { bytes } from '../../format/bytes.ts';
import { count, counted, figure, share } from '../../format/number.ts';
import { Icon, iconOf } from '../../parts/icon.tsx';
import { healthOf } from '../../parts/troubles.ts';
import { perSecond, sinkOf } from '../../state/rates.ts';
import { href } from '../../state/route.ts';
import { Breaker } from './breaker.tsx';
import { Latency } from './latency.tsx';
import { bufferOf, stateWords } from './sink-words.ts';

interface Props {
  readonly sink: SinkStatus;
  readonly detector: TracingStatus['adaptive_sampling']['agent'] | undefined;
}

export function SinkNode({ sink, detector }: Props) {
  const { id, type, ledger } = sink;
  const delivered = perSecond((each) => sinkOf(id)(each)?.ledger.delivered);
  const attempts = perSecond((each) => sinkOf(id)(each)?.attempts) ?? 0;
  const retries = perSecond((each) => sinkOf(id)(each)?.retries) ?? 0;
  const health = healthOf(sink);
  const slow = health === 'accepting' && detector?.active === true;
  const tone = health === 'stopped' ? 'bad' : health === 'slow' || slow ? 'warn' : 'ok';
  const icon = { bad: 'stopped', warn: 'warning', ok: 'delivered' } as const;
  const buffer = bufferOf(sink);
  return (
    <a class={`node sink ${health}`} href={href('pipeline', { open: `sink:${id}` })} data-node={`sink:${id}`}>
      <Breaker sink={sink} />
      <div class="node-line">
        <Icon name={iconOf(type)} />
        <b class="cut">{id}</b>
        <span class="dim small cut">{type === id ? '' : type}</span>
        <span class="end rate num">
          {delivered === null ? '' : figure(delivered)}
          <i>/s</i>
        </span>
      </div>
      <div class={`state ${tone}`}>
        <Icon name={icon[tone]} small />
        <span class="cut">{slow ? 'Slow' : stateWords(sink)}</span>
      </div>
      <div class="facts">
        <Latency of={`sink/${id}`} />
        {ledger.dead_lettered > 0 && (
          <span class="cut">
            <b class="bad">{count(ledger.dead_lettered)}</b> dead-lettered
          </span>
        )}
        <span class="end">
          in flight <b>{count(ledger.in_flight)}</b>
        </span>
      </div>
      <div class="buffer">
        {buffer === null ? (
          <span>{counted(sink.queued_batches, 'batch', 'batches')} queued</span>
        ) : (
          <>
            <span>Disk buffer</span>
            <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
              <rect width="100" height="6" rx="1" class="h-sunk" />
              <rect width={(buffer.bytes / buffer.max_bytes) * 100} height="6" class="h-warn" />
            </svg>
            <b class="mid num">
              {bytes(buffer.bytes)} of {bytes(buffer.max_bytes)}
            </b>
          </>
        )}
        {buffer === null && (
          <span class="end">
            errors <b class="mid">{errors(health === 'stopped', attempts, retries)}</b>
          </span>
        )}
      </div>
    </a>
  );
}

/** Share of the attempts of the last seconds that were repeated. A sink that nothing reaches fails in all of them. */
function errors(stopped: boolean, attempts: number, retries: number): string {
  if (stopped) return '100 %';
  return attempts === 0 || retries === 0 ? '0' : share(Math.min(1, retries / attempts));
}
