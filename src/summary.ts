/**
 * What `log-capturer run` shows on a terminal: one live line, rewritten every second, at the bottom of whatever else
 * is written there. Shows nothing where the output is not a terminal. Started by main.ts.
 */
import type { Clock } from './component/clock.ts';
import type { AgentStatus } from './component/status.ts';

/** The part of a terminal's stream (`process.stderr`) that is needed. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/**
 * A stream with a line that stays at the bottom. What else goes to the same terminal is written through `write`
 * (a logger takes this object as its destination), so that the two never get mixed. Without a terminal it only
 * passes on what is written.
 */
export class LiveLine {
  readonly #out: Terminal;
  #shown = '';
  /** Whether the last other text ended its line; on an unfinished one the live line must wait. */
  #atLineStart = true;

  constructor(out: Terminal) {
    this.#out = out;
  }

  /** Whether there is a terminal to show a line on. */
  get visible(): boolean {
    return this.#out.isTTY === true;
  }

  /** Columns a line may use; the last one stays free, for a terminal wraps when it is written. */
  get width(): number {
    return Math.max(1, (this.#out.columns || 80) - 1);
  }

  /** Replaces the live line. Longer text is cut, and control characters cannot reach the terminal. */
  show(text: string): void {
    if (!this.visible) return;
    const line = text.replaceAll(/\p{Cc}/gu, '?').slice(0, this.width);
    if (this.#atLineStart) this.#out.write(this.#erasure() + line);
    this.#shown = line;
  }

  /** Takes the live line away until the next `show`. */
  clear(): void {
    const erasure = this.#erasure();
    if (erasure !== '') this.#out.write(erasure);
    this.#shown = '';
  }

  /** Writes other text above the live line. */
  write(text: string): void {
    if (!this.visible || text === '') {
      this.#out.write(text);
      return;
    }
    const erasure = this.#erasure();
    this.#atLineStart = text.endsWith('\n');
    this.#out.write(erasure + text + (this.#atLineStart ? this.#shown : ''));
  }

  /** Control sequences (ECMA-48: CUU, EL, ED) that remove the line, all rows of it when the terminal got narrower. */
  #erasure(): string {
    if (this.#shown === '' || !this.#atLineStart) return '';
    const rowsAbove = Math.ceil(this.#shown.length / (this.#out.columns || 80)) - 1;
    return rowsAbove > 0 ? `\r\x1b[${rowsAbove}A\x1b[J` : '\r\x1b[2K';
  }
}

interface Rates {
  /** Per second. */
  readonly records: number;
  readonly bytes: number;
}

/**
 * Shows the agent's status on the live line every `intervalMs` milliseconds, rates over that interval.
 * @returns a function that stops and takes the line away; safe twice.
 */
export function startSummary(options: {
  status: () => AgentStatus;
  clock: Clock;
  out: LiveLine;
  intervalMs?: number;
}): () => void {
  const { status, clock, out, intervalMs = 1000 } = options;
  if (!out.visible) return () => {};

  let last = { at: clock.now(), dispatcher: status().dispatcher };
  const tick = () => {
    const current = status();
    const { dispatcher } = current;
    const at = clock.now();
    const seconds = Math.max(at - last.at, 1) / 1000;
    const rates = {
      records: (dispatcher.records_done - last.dispatcher.records_done) / seconds,
      bytes: (dispatcher.bytes_done - last.dispatcher.bytes_done) / seconds,
    };
    last = { at, dispatcher };
    out.show(summaryLine(current, rates, out.width));
    cancel = clock.after(intervalMs, tick);
  };
  let cancel = clock.after(intervalMs, tick);
  return () => {
    cancel();
    out.clear();
  };
}

/** One line about the agent, at most `width` characters; what matters least goes first when there is no room. */
export function summaryLine(status: AgentStatus, rates: Rates, width: number): string {
  const { sources, sinks, dispatcher } = status;
  const sum = (of: (source: AgentStatus['sources'][number]) => number) =>
    sources.reduce((total, source) => total + of(source), 0);
  const lag = sum(({ streams }) => streams.reduce((total, { lag_bytes }) => total + lag_bytes, 0));
  const lost = sum(({ ledger }) => Object.values(ledger.dropped).reduce((total, count) => total + count, 0));
  const deadLettered = sum(({ ledger }) => ledger.dead_lettered);

  // In the order shown; the lower the rank, the longer a part stays.
  const parts: [rank: number, text: string][] = [
    [0, status.state === 'running' ? '' : status.state],
    [1, `${grouped(rates.records)} logs/s`],
    [6, `${(rates.bytes / 2 ** 20).toFixed(1)} MiB/s`],
    [4, `in flight ${grouped(dispatcher.records_in_flight)}`],
    [3, `lag ${bytes(lag)}`],
    [5, `delivered ${grouped(sum(({ ledger }) => ledger.delivered))}`],
    [2, deadLettered === 0 ? '' : `dead-lettered ${grouped(deadLettered)}`],
    [2, lost === 0 ? '' : `dropped ${grouped(lost)}`],
    ...sinks
      .filter(({ state }) => state === 'retrying')
      .map(({ id, state, last_error }): [number, string] => [
        1,
        last_error === undefined ? `${id} ${state}` : `${id} ${state} (${last_error.reason})`,
      ]),
  ];
  for (let rank = 6; ; rank--) {
    const line = parts
      .filter(([partRank, text]) => partRank <= rank && text !== '')
      .map(([, text]) => text)
      .join('   ');
    if (line.length <= width || rank === 1) return line.slice(0, width);
  }
}

/** `1,234,567`; by hand, because `toLocaleString` loads `Intl`, which took 7 MiB and 14 ms (Node 24). */
function grouped(value: number): string {
  return Math.round(value)
    .toString()
    .replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

/** `950 B`, `1.4 KiB`, `3.2 GiB`. */
function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = value < 1024 ? 0 : Math.min(Math.floor(Math.log2(value) / 10), units.length - 1);
  return power === 0 ? `${value} B` : `${(value / 1024 ** power).toFixed(1)} ${units[power]}`;
}
