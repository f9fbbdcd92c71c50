/** The list of traces, newest first. */
import { duration } from '../../format/duration.ts';
import { clockMs, full } from '../../format/time.ts';
import { Chip } from '../../parts/chip.tsx';
import { Icon } from '../../parts/icon.tsx';
import { href, route } from '../../state/route.ts';
import { REASONS, type Summary, signOf } from './words.ts';

interface Props {
  readonly traces: readonly Summary[];
  readonly chosen: string | undefined;
}

export function TraceList({ traces, chosen }: Props) {
  const longest = Math.max(...traces.map(({ duration_ms }) => duration_ms), 10);
  return (
    <ul class="trace-list">
      {traces.map((trace) => (
        <li key={trace.trace_id + trace.started_at}>
          <TraceRow trace={trace} chosen={trace.trace_id === chosen} longest={longest} />
        </li>
      ))}
    </ul>
  );
}

function TraceRow({ trace, chosen, longest }: { trace: Summary; chosen: boolean; longest: number }) {
  const {
    trace_id: id,
    type,
    source,
    source_id: stream,
    reason,
    outcome,
    duration_ms: took,
    span_count: spans,
  } = trace;
  const sign = signOf(trace);
  // On a logarithmic scale, as the points above.
  const filled = Math.max(3, (Math.log10(1 + took) / Math.log10(1 + longest)) * 100);
  const tone = sign.tone === 'dim' || sign.tone === 'acc' ? '' : sign.tone;
  return (
    <a
      class={chosen ? 'chosen' : ''}
      href={href('traces', { ...route.value.query, id, view: undefined })}
      aria-current={chosen ? 'true' : undefined}
      data-trace={id}
    >
      <span class={sign.tone}>
        <Icon name={sign.icon} />
        <span class="unseen">{sign.word}</span>
      </span>
      <span class="mono cut">
        <Path text={type === 'system' ? `batch of ${spans} spans` : (stream ?? id)} />
      </span>
      <span class="took num">{duration(took)}</span>
      <span class="facts-line">
        <span class="num" title={full(trace.started_at)}>
          {clockMs(trace.started_at)}
        </span>
        {source !== undefined && <span class="mid cut">{source}</span>}
        {reason !== undefined && <Chip>{REASONS[reason]}</Chip>}
        {outcome !== undefined && outcome !== 'delivered' && (
          <Chip {...(tone !== '' && { tone })}>{sign.word}</Chip>
        )}
        {type === 'system' && trace.status.code === 'error' && <Chip tone="bad">failed</Chip>}
      </span>
      <span class="bar">
        <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
          <rect width="100" height="6" rx="1" class="h-sunk" />
          <rect width={filled} height="6" {...sign.fill} />
        </svg>
      </span>
    </a>
  );
}

/** The end of a path is what tells it apart. */
function Path({ text }: { text: string }) {
  const at = text.lastIndexOf('/') + 1;
  if (at <= 1) return <>{text}</>;
  return (
    <>
      {text.slice(at)} <span class="dim">{text.slice(0, at - 1)}</span>
    </>
  );
}
