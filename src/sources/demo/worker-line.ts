/**
 * A chatty background worker in plain text, about 110 bytes a line: the kind of log that nobody reads until
 * something breaks. Pure: the same generator state and time give the same line.
 */
import type { Random } from './random.ts';

const QUEUES = ['emails', 'thumbnails', 'invoices', 'search-index', 'webhooks'];
const STEPS: readonly { level: string; text: (random: Random) => string }[] = [
  { level: 'DEBUG', text: () => 'polled queue, nothing to do' },
  { level: 'INFO ', text: (random) => `finished in ${random.longTailed(120)} ms` },
  { level: 'DEBUG', text: (random) => `heartbeat sent, lease renewed for ${random.integer(10, 60)} s` },
  { level: 'INFO ', text: (random) => `picked up, ${random.integer(0, 400)} waiting` },
  { level: 'DEBUG', text: (random) => `progress ${random.integer(1, 99)} %` },
  {
    level: 'WARN ',
    text: (random) => `attempt ${random.integer(2, 5)} failed, next in ${random.integer(1, 60)} s`,
  },
  { level: 'ERROR', text: () => 'gave up, moved to the dead letters' },
];

/** One line without its terminator. `epochMs`: milliseconds since 1970. */
export function workerLine(random: Random, epochMs: number): string {
  const time = new Date(epochMs).toISOString().replace('T', ' ').slice(0, 23);
  const step = random.pickSkewed(STEPS);
  const job = random.hex(8);
  return `${time} ${step.level} [worker-${random.integer(1, 8)}] queue=${random.pick(QUEUES)} job=${job} ${step.text(random)}`;
}
