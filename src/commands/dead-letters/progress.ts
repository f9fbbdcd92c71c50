/** What `dead-letters replay` says while it runs and at its end. */
import type { ReplayStatus } from '../../component/status.ts';

/** Cells of the bar. */
const BAR = 24;

/** One line, at most as wide as the terminal: a bar, counts, and what it waits for. */
export function progressLine(status: ReplayStatus, trouble: string | undefined, width: number): string {
  const { bytes_done: done, bytes_total: total, state } = status;
  const part = total === 0 ? 0 : Math.min(1, done / total);
  const full = Math.round(part * BAR);
  const bar = '█'.repeat(full) + '░'.repeat(BAR - full);
  const words = [
    `${bar} ${String(Math.floor(part * 100)).padStart(3)} %`,
    counts(status),
    ...(state === 'cancelling' ? ['stopping after this batch'] : []),
    ...(trouble === undefined ? [] : [trouble]),
  ];
  return words.join('  ').slice(0, width);
}

/** A sentence. */
export function summaryOf(status: ReplayStatus): string {
  const { state, error, refused } = status;
  const end = {
    running: 'goes on in the agent',
    cancelling: 'stopping',
    cancelled: 'stopped',
    done: 'done',
    failed: 'failed',
  }[state];
  const why = error === undefined ? '' : `: ${error}`;
  const advice = refused > 0 ? '; log-capturer dead-letters list says what is left' : '';
  return `${end}${why}: ${counts(status)}${advice}\n`;
}

function counts({ sent, refused, left_aside }: ReplayStatus): string {
  return [
    `${sent} sent`,
    ...(refused > 0 ? [`${refused} refused again`] : []),
    ...(left_aside > 0 ? [`${left_aside} left aside (damaged or too large)`] : []),
  ].join(', ');
}
