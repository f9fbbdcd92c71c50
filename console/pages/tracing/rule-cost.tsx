/** What a rule will cost before it is set, asked of the agent while it is written. The last answer is dimmed until the next. */
import { useEffect, useState } from 'preact/hooks';
import { ApiError, isAbort, send } from '../../api/client.ts';
import type { Explanation } from '../../api/shapes.ts';
import { bytes } from '../../format/bytes.ts';
import { countdown } from '../../format/duration.ts';
import { rate, share } from '../../format/number.ts';
import { type Draft, requestOf } from './rule-request.ts';

const WAIT_MS = 300;

export function RuleCost({ draft }: { draft: Draft }) {
  const [answer, setAnswer] = useState<Explanation | null>(null);
  const [fresh, setFresh] = useState(false);
  const [missing, setMissing] = useState(false);
  const { source_id, rate: of, duration, where } = requestOf(draft);
  const key = JSON.stringify({ source_id, rule: { rate: of, duration, where } });
  useEffect(() => {
    setFresh(false);
    const asking = new AbortController();
    const timer = setTimeout(() => {
      send<Explanation>('POST', 'api/tracing/explain', JSON.parse(key), asking.signal).then(
        (value) => {
          setAnswer(value);
          setFresh(true);
        },
        (error: unknown) => {
          if (isAbort(error)) return;
          setAnswer(null);
          setMissing(error instanceof ApiError && error.missing);
        },
      );
    }, WAIT_MS);
    return () => {
      clearTimeout(timer);
      asking.abort();
    };
  }, [key]);
  if (missing)
    return <p class="cost-box small dim">This agent does not say what a rule costs (api/tracing/explain).</p>;
  if (answer === null) return null;
  return <Answer answer={answer} fresh={fresh} />;
}

function Answer({ answer: { cost, streams, notes }, fresh }: { answer: Explanation; fresh: boolean }) {
  const every = cost.logs_per_second * cost.span.per_log;
  const part = every === 0 ? 0 : Math.min(1, cost.spans_per_second / every);
  return (
    <div class={fresh ? 'cost-box' : 'cost-box waiting'} aria-live="polite" aria-busy={!fresh}>
      <p class="big num">
        ≈ {rate(cost.spans_per_second).replace('/s', ' spans/s')}, {share(cost.cpu_share)} of a core
      </p>
      <p>
        {bytes(cost.bytes_per_second)}/s of spans.
        {cost.total.store_seconds !== undefined &&
          (cost.total.fits_store
            ? ` All of it fits the store (${bytes(cost.total.store_bytes)}).`
            : ` The store will reach back ${countdown(cost.total.store_seconds)}.`)}
        {streams === 0 && ' It matches nothing yet; it will apply when it appears.'}
      </p>
      {every > 0 && (
        <>
          <svg width="100%" height="12" aria-hidden="true">
            <rect y="3" width="100%" height="5" rx="1" class="h-line" />
            <rect y="3" width={`${Math.max(0.8, part * 100)}%`} height="5" class="h-acc" />
          </svg>
          <p class="row cost-ends">
            <b>this rule</b>
            <span class="end">all of it at rate 1: ≈ {rate(every).replace('/s', ' spans/s')}</span>
          </p>
        </>
      )}
      {notes
        .filter((note) => !note.startsWith('nothing that the agent'))
        .map((note) => (
          <p key={note} class="dim">
            {note.charAt(0).toUpperCase() + note.slice(1)}.
          </p>
        ))}
    </div>
  );
}
