/** What the drawers of sources and sinks share: histories, ledger, details. */
import type { Ledger } from '../../api/shapes.ts';
import { TimeChart } from '../../charts/time-chart.tsx';
import { bytes } from '../../format/bytes.ts';
import { duration } from '../../format/duration.ts';
import { count, rate, short } from '../../format/number.ts';
import { latest } from '../../state/feed.ts';
import { historyOf } from '../../state/history.ts';
import type { Table } from '../../state/series.ts';
import { differenceOf, sum } from './ledger.tsx';

/** Seconds that a history shows, and its height in pixels. */
const SPAN = 600;
const LEAST_SPAN = 60;
const HEIGHT = 116;

export function Histories({ of, rate: title, lag = false }: { of: string; rate: string; lag?: boolean }) {
  return (
    <>
      <History title={title} series={`${of}/rate`} words={rate} ticks={short} />
      <History title="In flight" series={`${of}/in_flight`} words={count} ticks={short} />
      {lag && <History title="Behind" series={`${of}/lag`} words={bytes} ticks={bytes} />}
      <LatencyHistory of={of} />
    </>
  );
}

interface HistoryProps {
  readonly title: string;
  readonly series: string;
  readonly words: (value: number) => string;
  readonly ticks: (value: number) => string;
}

function History({ title, series, words, ticks }: HistoryProps) {
  const table: Table = historyOf([series], SPAN);
  const to = (latest.value?.at ?? 0) / 1000;
  const last = table[1]?.at(-1) ?? null;
  return (
    <TimeChart
      title={title}
      {...(last !== null && { value: words(last) })}
      summary={`${title} over the last ${SPAN / 60} minutes, now ${last === null ? 'unknown' : words(last)}`}
      table={table}
      lines={[{ label: title, look: 'solid' }]}
      height={HEIGHT}
      words={ticks}
      from={beginOf(table, to)}
      to={to}
    />
  );
}

function LatencyHistory({ of }: { of: string }) {
  const table = historyOf([`${of}/p99`, `${of}/p50`], SPAN);
  const to = (latest.value?.at ?? 0) / 1000;
  const p99 = table[1]!.findLast((value) => value !== null);
  if (p99 === undefined || p99 === null) return null;
  return (
    <TimeChart
      title="Read to acknowledged"
      value={`P99 ${duration(p99)}`}
      summary={`P99 from reading to acknowledgement over the last ${SPAN / 60} minutes, now ${duration(p99)}`}
      table={table}
      lines={[
        { label: 'P99', look: 'solid' },
        { label: 'P50', look: 'dashed' },
      ]}
      height={HEIGHT}
      words={duration}
      from={beginOf(table, to)}
      to={to}
    />
  );
}

/** Where the readings begin, so that a young agent's chart is not empty for the most part. */
function beginOf([times]: Table, to: number): number {
  return Math.max(to - SPAN, Math.min(times[0] ?? to, to - LEAST_SPAN));
}

export function LedgerOf({ ledger, kind }: { ledger: Ledger; kind: string }) {
  const balance = sum([ledger]);
  const difference = differenceOf(balance);
  const rows = [
    ['Read', balance.read, ''],
    ['Delivered', balance.delivered, ''],
    ['Filtered', balance.filtered, ''],
    ['Dead-lettered', balance.dead_lettered, 'bad'],
    ...Object.entries(ledger.dropped).map(
      ([reason, logs]) => [`Dropped, ${reason.replaceAll('_', ' ')}`, logs, 'bad'] as const,
    ),
    ['In flight', balance.in_flight, ''],
  ] as const;
  return (
    <div>
      <h3>Ledger of this {kind}</h3>
      <table>
        <tbody>
          {rows
            .filter(
              ([name, logs]) => logs > 0 || name === 'Read' || name === 'Delivered' || name === 'In flight',
            )
            .map(([name, logs, look]) => (
              <tr key={name}>
                <td class={look}>{name}</td>
                <td class={`right ${look}`}>{count(logs)}</td>
              </tr>
            ))}
        </tbody>
        <tfoot>
          <tr>
            <td class={ledger.balanced ? 'ok' : 'bad'}>Difference</td>
            <td class={`right ${ledger.balanced ? 'ok' : 'bad'}`}>{count(difference)}</td>
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

export function Details({ details }: { details: Readonly<Record<string, number | string>> | undefined }) {
  const entries = Object.entries(details ?? {});
  if (entries.length === 0) return null;
  return (
    <div>
      <h3>Details</h3>
      <dl class="kv">
        {entries.map(([name, value]) => (
          <>
            <dt>{name.replaceAll('_', ' ')}</dt>
            <dd>{typeof value === 'number' ? count(value) : value}</dd>
          </>
        ))}
      </dl>
    </div>
  );
}
