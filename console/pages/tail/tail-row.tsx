/** One line of the live tail; open, it can be traced and found. */
import { clockMs, full } from '../../format/time.ts';
import { Icon } from '../../parts/icon.tsx';
import { href } from '../../state/route.ts';
import { Marked } from '../tracing/source-field.tsx';
import { levelOf, type TailRow } from './rows.ts';

interface Props {
  readonly row: TailRow;
  /** Text that was asked for. */
  readonly part: string;
  readonly chosen: boolean;
  readonly onChoose: () => void;
}

const LEVELS = {
  error: { sign: 'E', look: 'bad', word: 'error' },
  warn: { sign: 'W', look: 'warn', word: 'warning' },
  other: { sign: '·', look: 'dim', word: 'other' },
} as const;

export function TailRowView({ row, part, chosen, onChoose }: Props) {
  const { sign, look, word } = LEVELS[levelOf(row)];
  return (
    <li class={chosen ? 'tail-row chosen' : 'tail-row'}>
      <button type="button" class="tail-line" aria-expanded={chosen} onClick={onChoose}>
        <span>
          {row.trace_id !== undefined && (
            <span class="traced" title="traced">
              <span class="unseen">traced</span>
            </span>
          )}
        </span>
        <span class="dim num" title={full(row.at)}>
          {clockMs(row.at)}
        </span>
        <span class="mid cut desk">{row.source}</span>
        <span class={`level ${look} desk`} title={word}>
          {sign}
        </span>
        <span class={chosen ? 'text' : 'text cut'}>
          <Marked text={row.text} part={part} />
        </span>
      </button>
      {chosen && (
        <div class="tail-actions">
          {row.trace_id !== undefined && (
            <a class="btn slim" href={href('traces', { id: row.trace_id })}>
              <Icon name="traces" small />
              Open its trace
            </a>
          )}
          <a class="btn slim" href={href('tracing', { rule: row.source_id ?? row.source })}>
            <Icon name="tracing" small />
            Trace {row.source}
          </a>
          <a class="btn slim" href={href('where', { text: row.text.slice(0, 400) })}>
            <Icon name="where" small />
            Where is it
          </a>
          {row.source_id !== undefined && <span class="dim small mono">{row.source_id}</span>}
        </div>
      )}
    </li>
  );
}
