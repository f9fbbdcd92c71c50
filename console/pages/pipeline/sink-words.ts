/** What a sink does now, in words, and its buffer, which not every sink has. */
import type { SinkStatus } from '../../api/shapes.ts';
import { countdown } from '../../format/duration.ts';
import { counted } from '../../format/number.ts';
import { healthOf } from '../../parts/troubles.ts';

export interface BufferStatus {
  readonly bytes: number;
  readonly max_bytes: number;
  readonly records?: number;
}

export function bufferOf(sink: SinkStatus): BufferStatus | null {
  return (sink as { buffer?: BufferStatus }).buffer ?? null;
}

export function stateWords(sink: SinkStatus): string {
  const { state, next_try_in_seconds: next } = sink.breaker;
  if (sink.state === 'stopped') return 'Stopped';
  if (state === 'open') return `Breaker open${next === undefined ? '' : `, next try in ${countdown(next)}`}`;
  if (state === 'half_open') return 'Breaker half open, one batch tries';
  if (healthOf(sink) === 'slow') return 'Failed, retrying';
  const rejected =
    sink.ledger.dead_lettered + Object.values(sink.ledger.dropped).reduce((sum, each) => sum + each, 0);
  return rejected > 0 ? `Accepting; ${counted(rejected, 'log')} not` : 'Accepting';
}
