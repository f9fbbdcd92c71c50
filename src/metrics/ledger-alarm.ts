/**
 * Looks every few seconds whether every record is accounted for, for whoever never looks at the metrics: says so in the
 * log once for each source or sink that it is not, and counts. It mends nothing. Started by the agent.
 */
import type { Clock } from '../component/clock.ts';
import type { Logger } from '../component/logger.ts';
import type { AgentStatus, LedgerStatus } from '../component/status.ts';
import type { Collector, Samples } from './samples.ts';

/** Milliseconds between two looks. */
const EVERY_MS = 5000;

type Ledgers = Pick<AgentStatus, 'sources' | 'sinks'>;

export class LedgerAlarm implements Collector {
  readonly #options: { readonly status: () => Ledgers; readonly clock: Clock; readonly log: Logger };
  /** Looks that found the ledger out of balance, by component and id. */
  readonly #found = new Map<string, { component: 'source' | 'sink'; id: string; count: number }>();
  #cancel: () => void = () => {};

  constructor(options: { status: () => Ledgers; clock: Clock; log: Logger }) {
    this.#options = options;
  }

  start(): void {
    this.#next();
  }

  /** Safe without `start` and safe twice. */
  stop(): void {
    this.#cancel();
  }

  collect(samples: Samples, { sources, sinks }: Ledgers): void {
    for (const [component, entries] of [['source', sources] as const, ['sink', sinks] as const]) {
      for (const { id } of entries) {
        const count = this.#found.get(`${component} ${id}`)?.count ?? 0;
        samples.set('log_capturer_ledger_imbalances_total', count, { component, id });
      }
    }
  }

  #next(): void {
    this.#cancel = this.#options.clock.after(EVERY_MS, () => {
      const { sources, sinks } = this.#options.status();
      for (const { id, ledger } of sources) this.#look('source', id, ledger);
      for (const { id, ledger } of sinks) this.#look('sink', id, ledger);
      this.#next();
    });
  }

  #look(component: 'source' | 'sink', id: string, ledger: LedgerStatus): void {
    if (ledger.balanced) return;
    const key = `${component} ${id}`;
    const found = this.#found.get(key);
    if (found !== undefined) {
      found.count++;
      return;
    }
    this.#found.set(key, { component, id, count: 1 });
    this.#options.log.error(
      { [component]: id, ledger, difference: differenceOf(ledger) },
      'the ledger does not balance: logs are not accounted for; this is a fault of the agent, please report it',
    );
  }
}

/** Records that were read and are nowhere; negative: more came out than went in. */
function differenceOf({
  read,
  delivered,
  filtered,
  dead_lettered,
  dropped,
  in_flight,
}: LedgerStatus): number {
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  return read - delivered - filtered - dead_lettered - lost - in_flight;
}
