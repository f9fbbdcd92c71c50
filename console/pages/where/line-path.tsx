/** The way of a line through the agent: stations from reading on, and a fork to its sinks. Downwards on phones. */
import { duration } from '../../format/duration.ts';
import { count } from '../../format/number.ts';
import { clockMs, full } from '../../format/time.ts';
import { Icon, type IconName } from '../../parts/icon.tsx';
import type { Line } from './verdicts.ts';

type Stage = Line['stages'][number];
type Sink = Line['sinks'][number];

const STAGES: Readonly<Record<Stage['name'], string>> = {
  read: 'Read',
  queued: 'Queued',
  processed: 'Processed',
  done: 'Done',
};

const SINKS: Readonly<Record<Sink['state'], { word: string; icon: IconName; look: string }>> = {
  delivered: { word: 'acknowledged', icon: 'check', look: 'done' },
  sending: { word: 'being sent', icon: 'pause', look: 'open' },
  waiting: { word: 'waiting', icon: 'pause', look: 'open' },
  retrying: { word: 'retrying', icon: 'pause', look: 'open' },
  buffered: { word: 'buffered on disk', icon: 'pause', look: 'open' },
  dead_lettered: { word: 'rejected', icon: 'cross', look: 'dead' },
  dropped: { word: 'dropped', icon: 'cross', look: 'dead' },
};

const ORDER = ['done', 'dead', 'open'];

export function LinePath({ line }: { line: Line }) {
  const stages = line.stages.filter(({ name }) => name !== 'done');
  // What is done stands first: the line is whole as far as the log has come.
  const sinks = line.sinks.toSorted(
    (a, b) => ORDER.indexOf(SINKS[a.state].look) - ORDER.indexOf(SINKS[b.state].look),
  );
  if (stages.length === 0) return null;
  return (
    <ol class="path">
      {stages.map((stage, index) => (
        <Station
          key={stage.name}
          stage={stage}
          next={stages[index + 1]}
          before={stages[index - 1]}
          line={line}
        />
      ))}
      {line.sinks.length > 0 && (
        <li class="fork-item">
          <ul class="fork">
            {sinks.map((sink, index) => (
              <Branch key={sink.id} sink={sink} next={sinks[index + 1]} after={stages.at(-1)} />
            ))}
          </ul>
        </li>
      )}
      {line.filtered_by !== undefined && (
        <li class="station filtered-end">
          <span class="dot">
            <Icon name="filtered" />
          </span>
          <h3>Filtered</h3>
          <p>by {line.filtered_by}</p>
        </li>
      )}
    </ol>
  );
}

interface StationProps {
  readonly stage: Stage;
  readonly next: Stage | undefined;
  readonly before: Stage | undefined;
  readonly line: Line;
}

function Station({ stage, next, before, line }: StationProps) {
  return (
    <li class="station">
      <span class="dot">
        <Icon name="check" />
      </span>
      {next?.took_ms !== undefined && <span class="between">{duration(next.took_ms)}</span>}
      <h3>
        {STAGES[stage.name]}{' '}
        <span class="dim num" title={full(stage.at)}>
          {sinceBefore(stage.at, before?.at)}
        </span>
      </h3>
      <p>{about(stage, line)}</p>
    </li>
  );
}

function Branch({ sink, next, after }: { sink: Sink; next: Sink | undefined; after: Stage | undefined }) {
  const { word, icon, look } = SINKS[sink.state];
  const why = [
    ...(sink.attempts > 1 ? [`${count(sink.attempts)} attempts`] : []),
    ...(sink.message === undefined
      ? sink.reason === undefined
        ? []
        : [sink.reason.replaceAll('_', ' ')]
      : [sink.message]),
    ...(sink.next_try_in_seconds === undefined
      ? []
      : [`next try in ${duration(sink.next_try_in_seconds * 1000)}`]),
  ].join('; ');
  return (
    <li class={`${look} ${next === undefined ? '' : `before-${SINKS[next.state].look}`}`}>
      <span class="dot">
        <Icon name={icon} />
      </span>
      <b>{sink.id}</b>
      <span class="mid">{word}</span>
      <span class="at num">
        {sink.at === undefined
          ? sink.took_ms !== undefined && `${duration(sink.took_ms)} so far`
          : sinceBefore(sink.at, after?.at)}
      </span>
      {why !== '' && <span class="because">{why}</span>}
    </li>
  );
}

function about(stage: Stage, line: Line): string {
  if (stage.name === 'read')
    return `${line.source ?? ''}${line.line === undefined ? '' : `, line ${count(line.line)}`}`;
  if (stage.name === 'queued') return line.batch === undefined ? '' : `batch ${count(line.batch)}`;
  return line.sinks.length === 0 ? '' : `for ${line.sinks.length} sink${line.sinks.length === 1 ? '' : 's'}`;
}

/** Later stages may leave out what has not changed: `.705`. */
function sinceBefore(at: string, before: string | undefined): string {
  const whole = clockMs(at);
  if (before === undefined) return whole;
  const earlier = clockMs(before);
  return earlier.slice(0, 8) === whole.slice(0, 8) ? whole.slice(8) : whole;
}
