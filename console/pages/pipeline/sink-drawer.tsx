/** One sink in full: what it does, what went wrong last, its history, its ledger. */
import type { SinkStatus } from '../../api/shapes.ts';
import { bytes } from '../../format/bytes.ts';
import { duration } from '../../format/duration.ts';
import { count, counted } from '../../format/number.ts';
import { clock } from '../../format/time.ts';
import { Drawer } from '../../parts/drawer.tsx';
import { Icon, iconOf } from '../../parts/icon.tsx';
import { healthOf } from '../../parts/troubles.ts';
import { href } from '../../state/route.ts';
import { DeadLetters } from './dead-letters.tsx';
import { Details, Histories, LedgerOf } from './drawer-parts.tsx';
import { bufferOf, stateWords } from './sink-words.ts';

export function SinkDrawer({ sink, onClose }: { sink: SinkStatus; onClose: () => void }) {
  const { id, type, ledger, details, last_error: error, breaker } = sink;
  const health = healthOf(sink);
  const tone = { accepting: 'ok', slow: 'warn', stopped: 'bad' }[health];
  const icon = ({ accepting: 'delivered', slow: 'warning', stopped: 'stopped' } as const)[health];
  const buffer = bufferOf(sink);
  return (
    <Drawer
      icon={iconOf(type)}
      title={id}
      kind={type}
      label={`Sink ${id}`}
      node={`sink:${id}`}
      onClose={onClose}
    >
      <div>
        <p class={`row ${tone}`}>
          <Icon name={icon} />
          <b>{stateWords(sink)}</b>
        </p>
        {error !== undefined && (
          <p class="log-line last-error">
            <span class="key">{clock(error.at)} </span>
            {error.message}
          </p>
        )}
      </div>
      <dl class="kv">
        <dt>breaker</dt>
        <dd>
          {breaker.state.replace('_', ' ')} since {clock(breaker.since)}, opened{' '}
          {counted(breaker.opened, 'time')}
        </dd>
        <dt>queue</dt>
        <dd>
          {counted(sink.queued_batches, 'batch', 'batches')} wait, {count(sink.sending_batches)} being sent
        </dd>
        <dt>oldest</dt>
        <dd>
          {sink.oldest_unacknowledged_seconds === 0
            ? 'none waits'
            : duration(sink.oldest_unacknowledged_seconds * 1000)}
        </dd>
        <dt>attempts</dt>
        <dd>
          {count(sink.attempts)}, {counted(sink.retries, 'retry', 'retries')}
        </dd>
        {buffer !== null && (
          <>
            <dt>disk buffer</dt>
            <dd>
              {bytes(buffer.bytes)} of {bytes(buffer.max_bytes)}
            </dd>
          </>
        )}
      </dl>
      <DeadLetters sink={id} />
      <Histories of={`sink/${id}`} rate="Delivered" />
      <LedgerOf ledger={ledger} kind="sink" />
      <Details details={details} />
      <div class="row">
        <a class="btn quiet" href={href('traces', {})}>
          <Icon name="traces" small />
          Traces
        </a>
      </div>
    </Drawer>
  );
}
