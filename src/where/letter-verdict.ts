/**
 * What its dead letters say about a line: that they are there still, or that they were sent again. Decides and explains;
 * looks nothing up.
 */
import type { DeadLetterPlace, LineAnswer, SinkAnswer } from './answer.ts';
import { list } from './words.ts';

/** Whether it is worth looking for letters of the line. */
export function mayHaveLetters({ verdict, basis }: LineAnswer): boolean {
  return verdict === 'dead_lettered' || basis === 'committed' || basis === 'uncertain';
}

/**
 * The answer, in the light of the letters of the line.
 * @param areAll whether these are all that were written in this run and are still to be sent.
 */
export function withLetters(
  answer: LineAnswer,
  letters: readonly DeadLetterPlace[],
  areAll: boolean,
): LineAnswer {
  const shown = letters.length === 0 ? answer : { ...answer, dead_letters: letters };
  const waiting = letters.find(({ sent_again }) => sent_again !== true);
  if (waiting !== undefined) return answer.basis === 'seen' ? shown : { ...shown, ...rejectedBy(waiting) };
  const refused = answer.sinks.filter(({ state }) => state === 'dead_lettered');
  // A file of which every letter was taken is deleted.
  const areTaken = areAll || (refused.length > 0 && refused.every(({ id }) => letters.some(isOf(id))));
  if (answer.verdict === 'dead_lettered' ? areTaken : letters.length > 0) {
    return { ...shown, ...sentAgain(letters.length > 0 ? letters : refused.map(nameOf)) };
  }
  return shown;
}

const isOf =
  (id: string) =>
  ({ sink }: DeadLetterPlace) =>
    sink === id;

function rejectedBy({ sink, reason }: DeadLetterPlace): Pick<LineAnswer, 'verdict' | 'explanation'> {
  return {
    verdict: 'dead_lettered',
    explanation: `${sink} rejected it (${reason}). The original bytes are in the dead letters.`,
  };
}

function sentAgain(
  refusals: readonly Pick<DeadLetterPlace, 'sink' | 'reason'>[],
): Pick<LineAnswer, 'verdict' | 'explanation'> {
  const why =
    list(refusals.map(({ sink, reason }) => `${sink} rejected it (${reason})`)) || 'It was rejected';
  return { verdict: 'delivered', explanation: `${why}. It was sent again from the dead letters, and taken.` };
}

function nameOf({ id, reason }: SinkAnswer): Pick<DeadLetterPlace, 'sink' | 'reason'> {
  return { sink: id, reason: reason ?? 'unknown' };
}
