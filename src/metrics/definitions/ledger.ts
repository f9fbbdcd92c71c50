/** Whether every record is accounted for. Values: status-metrics.ts. */
import type { Definition } from './definition.ts';

export const ledgerMetrics = {
  log_capturer_ledger_balanced: {
    type: 'gauge',
    help: '1 while read = delivered + filtered + dead-lettered + dropped + in flight, 0 when a record is unaccounted for.',
    labels: ['component', 'id'],
  },
  log_capturer_ledger_imbalances_total: {
    type: 'counter',
    help: 'Looks, one every 5 seconds, that found a record unaccounted for. Alarm above 0.',
    labels: ['component', 'id'],
  },
} as const satisfies Record<string, Definition>;
