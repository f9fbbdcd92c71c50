/** Why logs are traced or not, and what a rule would cost, as text for people. */
import { formatByteSize } from '../../component/units.ts';
import type { Explanation } from '../../http/schemas/explanation.ts';
import { facts, table } from '../table.ts';
import { percent } from './show.ts';

const OUTCOMES: Readonly<Record<string, string>> = {
  decides: 'DECIDES',
  passes: 'passes',
  not_reached: '-',
  adjusts: 'ADJUSTS',
  adds: 'adds',
};

export function showExplanation(explanation: Explanation): string {
  const parts = explanation.decisions.map((decision) => showDecision(explanation, decision));
  const notes = explanation.notes.map((note) => `Note: ${note}.\n`).join('');
  return `${parts.join('\n')}\n${showCost(explanation)}${notes === '' ? '' : `\n${notes}`}`;
}

function showDecision({ source_id }: Explanation, decision: Explanation['decisions'][number]): string {
  const { streams, examples, rate, reason, steps } = decision;
  const more = streams - examples.length;
  const names = streams === 0 ? source_id : `${examples.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  const verdict = reason === undefined ? 'not traced' : `traced at rate ${rate} (${reason})`;
  const rows = steps.map(({ step, outcome, detail }) => [step, OUTCOMES[outcome] ?? outcome, detail]);
  return `${names}: ${verdict}\n${table(['STEP', 'OUTCOME', 'WHY'], rows)}`;
}

function showCost({ cost }: Explanation): string {
  const { rule, span, total } = cost;
  const measured = (is: boolean) => (is ? 'measured' : 'reference figure');
  return (
    `A rule of rate ${rule.rate} for ${duration(rule.duration_seconds)} would cost\n` +
    facts([
      [
        '  logs',
        `${number(cost.logs_per_second)} a second come now, ${number(cost.traces_per_second)} traced`,
      ],
      ['  spans', `${number(cost.spans_per_second)} a second (${span.per_log} a log)`],
      [
        '  bytes',
        `${formatByteSize(cost.bytes_per_second)} a second (${number(span.bytes)} a span, ${measured(span.bytes_measured)})`,
      ],
      [
        '  CPU',
        `${percent(cost.cpu_share)} of a core (${number(span.cpu_ns)} ns a span, ${measured(span.cpu_measured)}), and sending them`,
      ],
      [
        '  in all',
        `${number(total.spans)} spans, ${formatByteSize(total.bytes)}; the agent remembers ${
          total.fits_store || total.store_seconds === undefined
            ? 'all of them'
            : `the last ${duration(total.store_seconds)}`
        } (${formatByteSize(total.store_bytes)})`,
      ],
    ])
  );
}

function number(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 2 });
}

/** Whole seconds, minutes or hours, whichever leaves two digits to read. */
function duration(inSeconds: number): string {
  if (inSeconds >= 7200) return `${Math.round(inSeconds / 3600)}h`;
  return inSeconds >= 120 ? `${Math.round(inSeconds / 60)}m` : `${Math.round(inSeconds)}s`;
}
