/** How the Loki stub treats the next request, as the behaviour of the moment says. Called by the laboratory. */
import type { Treatment } from '../stubs/loki.ts';
import type { LineId } from './numbered-line.ts';
import type { SinkBehaviour } from './plan.ts';
import type { Random } from './random.ts';

const EACH: readonly SinkBehaviour[] = [
  'normal',
  'normal',
  'slow',
  'too_many',
  'unavailable',
  'hang',
  'cut',
  'lost',
];

export interface Treatments {
  behaviour: SinkBehaviour;
  next(): Treatment;
  /** Whether the line is one of those that are refused for good. */
  refuses(id: LineId): boolean;
}

export function treatments(random: Random): Treatments {
  return {
    behaviour: 'normal',
    next() {
      return treat(this.behaviour === 'mixed' ? random.pick(EACH) : this.behaviour, random);
    },
    refuses({ file, seq }) {
      return this.behaviour === 'partial' && (file * 31 + seq) % 97 === 0;
    },
  };
}

function treat(behaviour: SinkBehaviour, random: Random): Treatment {
  switch (behaviour) {
    case 'slow':
      return { slowMs: random.int(1, 200) };
    case 'too_many':
      return { status: 429, text: 'too many requests', headers: { 'retry-after': '0.2' } };
    case 'unavailable':
      return { status: random.pick([500, 502, 503]), text: 'not now' };
    case 'hang':
    case 'cut':
    case 'lost':
      return behaviour;
    default:
      return 'normal';
  }
}
