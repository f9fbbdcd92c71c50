/** Attributes of the chosen span and of the log; of a batch the logs that it links to. */
import type { Found, Row, Span } from '../../charts/waterfall.ts';
import { count } from '../../format/number.ts';
import { text } from '../../format/value.ts';
import { href } from '../../state/route.ts';

/** Links listed at once. */
const MOST_LINKS = 12;

export function Attributes({ row, root, trace }: { row: Row; root: Span; trace: Found }) {
  const { span } = row;
  return (
    <div class="attributes">
      <div>
        <h3>{span.name}</h3>
        <Values span={span} />
      </div>
      {trace.type === 'system' ? (
        <Links root={root} />
      ) : (
        span !== root && (
          <div>
            <h3>Log</h3>
            <Values span={root} />
          </div>
        )
      )}
    </div>
  );
}

function Values({ span }: { span: Span }) {
  const entries = Object.entries(span.attributes);
  return (
    <dl class="kv code">
      {entries.map(([key, value]) => (
        <>
          <dt>{key}</dt>
          <dd>{text(value)}</dd>
        </>
      ))}
      {span.trace_state !== undefined && (
        <>
          <dt>tracestate</dt>
          <dd>{span.trace_state}</dd>
        </>
      )}
      <dt>span id</dt>
      <dd>{span.span_id}</dd>
      {span.parent_span_id !== null && (
        <>
          <dt>parent</dt>
          <dd>{span.parent_span_id}</dd>
        </>
      )}
    </dl>
  );
}

function Links({ root }: { root: Span }) {
  const logs = Number(root.attributes['messaging.batch.message_count'] ?? 0);
  const more = root.links.length - MOST_LINKS + (root.dropped_links ?? 0);
  return (
    <div>
      <h3>Traced logs in this batch</h3>
      <p class="small mid">
        {count(root.links.length + (root.dropped_links ?? 0))} of {count(logs)}.
        {(root.dropped_links ?? 0) > 0 && ' A batch links to at most 128 and counts the rest.'}
      </p>
      <ul class="mono small">
        {root.links.slice(0, MOST_LINKS).map(({ trace_id }) => (
          <li key={trace_id}>
            <a href={href('traces', { id: trace_id })}>{trace_id}</a>
          </li>
        ))}
      </ul>
      {more > 0 && <p class="small dim">and {count(more)} more</p>}
    </div>
  );
}
