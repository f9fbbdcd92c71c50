/** What a sink refused for good and the agent keeps: how many, and sending them again, which can be stopped. */
import { useSignal } from '@preact/signals';
import { send, wordsOf } from '../../api/client.ts';
import { bytes } from '../../format/bytes.ts';
import { count, counted, share } from '../../format/number.ts';
import { Control, Why } from '../../parts/button.tsx';
import { latest } from '../../state/feed.ts';

export function DeadLetters({ sink }: { sink: string }) {
  const fault = useSignal<string | null>(null);
  const letters = latest.value?.status.dead_letters;
  const here = letters?.by_sink[sink] ?? 0;
  const replay = letters?.replay;
  const mine = replay !== undefined && (replay.request.sink ?? sink) === sink;
  if (letters === undefined || (here === 0 && !mine)) return null;
  const running = replay !== undefined && (replay.state === 'running' || replay.state === 'cancelling');
  const ask = (method: 'POST' | 'DELETE', body?: object) => {
    fault.value = null;
    send(method, 'api/dead-letters/replay', body).catch((error: unknown) => {
      fault.value = wordsOf(error);
    });
  };
  return (
    <div class="dead-letters">
      <h3>Dead letters</h3>
      <p class="small mid">
        {counted(here, 'log')} that {sink} refused {here === 1 ? 'is' : 'are'} kept with{' '}
        {here === 1 ? 'its' : 'their'} original bytes. All dead letters take {bytes(letters.bytes)} of{' '}
        {bytes(letters.max_bytes)}.
      </p>
      {mine && (
        <>
          <svg width="100%" height="6" role="img" aria-label={`${share(doneOf(replay))} looked through`}>
            <rect width="100%" height="6" rx="1" class="h-sunk" />
            <rect width={`${doneOf(replay) * 100}%`} height="6" rx="1" class="h-ok" />
          </svg>
          <p class="small dim">
            Sent again: {count(replay.sent)}; refused once more: {count(replay.refused)}
            {replay.left_aside > 0 && `; left aside: ${count(replay.left_aside)}`}. {STATES[replay.state]}
            {replay.error !== undefined && ` ${replay.error}`}
          </p>
        </>
      )}
      <div class="row">
        {running && mine ? (
          <Control
            look="slim"
            icon="cross"
            busy={replay.state === 'cancelling'}
            onClick={() => ask('DELETE')}
          >
            Stop
          </Control>
        ) : (
          <Control
            look="slim"
            icon="retry"
            disabled={running || here === 0}
            onClick={() => ask('POST', { sink })}
          >
            Replay
          </Control>
        )}
      </div>
      {fault.value !== null && (
        <p class="fault" role="alert">
          {fault.value}
        </p>
      )}
      <Why />
    </div>
  );
}

const STATES = {
  running: '',
  cancelling: 'Stopping.',
  cancelled: 'It was stopped.',
  done: 'Done.',
  failed: 'It failed.',
} as const;

function doneOf({
  bytes_done: done,
  bytes_total: total,
}: {
  bytes_done: number;
  bytes_total: number;
}): number {
  return total === 0 ? 1 : Math.min(1, done / total);
}
