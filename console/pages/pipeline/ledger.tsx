/** The ledger: where every log is. As a balance in bars, and as a table by source or by sink. */
import { useState } from 'preact/hooks';
import type { Ledger as Counts, Status } from '../../api/shapes.ts';
import type { Balance } from '../../charts/ledger-layout.ts';
import { countdown } from '../../format/duration.ts';
import { count } from '../../format/number.ts';
import { Chip } from '../../parts/chip.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { stale } from '../../state/connection.ts';
import { LedgerBars } from './ledger-bars.tsx';

const KEY = [
  { key: 'source', text: 'By source' },
  { key: 'sink', text: 'By sink' },
] as const;

export function Ledger({ status }: { status: Status }) {
  const [by, setBy] = useState<'source' | 'sink'>('source');
  const rows = by === 'source' ? status.sources : status.sinks;
  const total = sum(status.sources.map(({ ledger }) => ledger));
  const balanced = [...status.sources, ...status.sinks].every(({ ledger }) => ledger.balanced);
  return (
    <Panel
      title="Ledger"
      bare
      look={stale.value ? 'stale' : ''}
      aside={
        <>
          {balanced ? (
            <Chip tone="ok" icon="balance">
              Balanced, difference 0
            </Chip>
          ) : (
            <Chip tone="bad" icon="warning">
              Out of balance
            </Chip>
          )}
          <span class="dim small desk cut">
            read = delivered + filtered + dead-lettered + dropped + in flight, since start{' '}
            {countdown(status.uptime_seconds)} ago
          </span>
        </>
      }
      tools={<Tabs label="Ledger by" choices={KEY} chosen={by} onChoose={setBy} />}
    >
      <div class="ledger">
        <LedgerBars balance={total} />
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys */}
        <section class="table-wrap" tabIndex={0} aria-label={`Ledger by ${by}`}>
          <LedgerTable
            rows={rows}
            kind={by === 'source' ? 'Source' : 'Sink'}
            total={by === 'source' ? total : null}
          />
        </section>
      </div>
    </Panel>
  );
}

interface TableProps {
  readonly rows: readonly { readonly id: string; readonly ledger: Counts }[];
  readonly kind: string;
  readonly total: Balance | null;
}

function LedgerTable({ rows, kind, total }: TableProps) {
  return (
    <table>
      <thead>
        <tr>
          <th>{kind}</th>
          {['Read', 'Delivered', 'Filtered', 'Dead-lettered', 'Dropped', 'In flight', 'Diff.'].map((head) => (
            <th key={head} class="right">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ id, ledger }) => (
          <Row key={id} name={<b>{id}</b>} balance={sum([ledger])} balanced={ledger.balanced} />
        ))}
      </tbody>
      {total !== null && rows.length > 1 && (
        <tfoot>
          <Row name="Agent" balance={total} balanced={rows.every(({ ledger }) => ledger.balanced)} />
        </tfoot>
      )}
    </table>
  );
}

function Row({
  name,
  balance,
  balanced,
}: {
  name: preact.ComponentChildren;
  balance: Balance;
  balanced: boolean;
}) {
  const difference = differenceOf(balance);
  const cell = (value: number, look = '') => (
    <td class={`right ${value > 0 ? look : ''}`}>{value === 0 ? '–' : count(value)}</td>
  );
  return (
    <tr>
      <td>{name}</td>
      <td class="right">{count(balance.read)}</td>
      <td class="right">{count(balance.delivered)}</td>
      {cell(balance.filtered)}
      {cell(balance.dead_lettered, 'bad')}
      {cell(balance.dropped, 'bad')}
      <td class="right">{count(balance.in_flight)}</td>
      <td class={`right ${balanced ? 'ok' : 'bad'}`}>
        {difference > 0 ? '+' : ''}
        {count(difference)}
      </td>
    </tr>
  );
}

export function differenceOf(balance: Balance): number {
  const { read, delivered, filtered, dead_lettered, dropped, in_flight } = balance;
  return read - delivered - filtered - dead_lettered - dropped - in_flight;
}

export function sum(ledgers: readonly Counts[]): Balance {
  const add = (of: (ledger: Counts) => number) => ledgers.reduce((total, ledger) => total + of(ledger), 0);
  return {
    read: add(({ read }) => read),
    delivered: add(({ delivered }) => delivered),
    filtered: add(({ filtered }) => filtered),
    in_flight: add(({ in_flight }) => in_flight),
    dead_lettered: add(({ dead_lettered }) => dead_lettered),
    dropped: add(({ dropped }) => Object.values(dropped).reduce((total, each) => total + each, 0)),
  };
}
