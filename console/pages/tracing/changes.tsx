/** Who changed what, and when: the agent's audit trail, and what adaptive sampling did by itself. */
import { useEffect, useState } from 'preact/hooks';
import { ApiError, get } from '../../api/client.ts';
import type { AuditEntry, TracingStatus } from '../../api/shapes.ts';
import { full, moment } from '../../format/time.ts';
import { NotOffered, Panel } from '../../parts/panel.tsx';
import { stale } from '../../state/connection.ts';
import type { Reading } from '../../state/feed.ts';
import { changes } from './act.ts';
import { describeChange } from './describe-change.ts';

const ASK_EVERY_MS = 5000;
const SHOWN = 8;

interface Row {
  readonly at: string;
  readonly who: string;
  readonly text: string;
  readonly note: string;
}

export function Changes({ reading }: { reading: Reading }) {
  const [entries, setEntries] = useState<readonly AuditEntry[] | 'missing' | null>(null);
  const [all, setAll] = useState(false);
  const counted = changes.value;
  useEffect(() => {
    const ask = () =>
      void get<{ changes: readonly AuditEntry[] }>('api/audit').then(
        (answer) => setEntries(answer.changes),
        (error: unknown) => error instanceof ApiError && error.missing && setEntries('missing'),
      );
    ask();
    const timer = setInterval(ask, ASK_EVERY_MS);
    return () => clearInterval(timer);
  }, [counted]);
  const rows = [...(Array.isArray(entries) ? entries.map(rowOf) : []), ...adaptiveRows(reading.tracing)].sort(
    (a, b) => b.at.localeCompare(a.at),
  );
  return (
    <Panel
      title="Who changed what"
      look={stale.value ? 'stale' : ''}
      {...(rows.length > SHOWN && {
        tools: (
          <button type="button" class="btn link small" onClick={() => setAll(!all)}>
            {all ? 'Only the last' : `All ${rows.length}`}
          </button>
        ),
      })}
    >
      {entries === 'missing' && <NotOffered what="the list of changes" path="/api/audit" />}
      {rows.length === 0 && entries !== 'missing' && (
        <p class="small dim">Nothing was changed since the agent began.</p>
      )}
      {rows.length > 0 && (
        <div class="table-wrap">
          <table class="changes">
            <thead>
              <tr>
                <th>Time</th>
                <th>Who</th>
                <th>Change</th>
                <th>Reason</th>
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, all ? rows.length : SHOWN).map(({ at, who, text, note }) => (
                <tr key={at + text}>
                  <td class="num" title={full(at)}>
                    {moment(at, reading.at)}
                  </td>
                  <td class={who === 'agent' ? 'dim' : ''}>{who}</td>
                  <td>{text}</td>
                  <td class="mid">{note}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function rowOf(entry: AuditEntry): Row {
  return { at: entry.at, who: entry.who, text: describeChange(entry), note: entry.note ?? '' };
}

function adaptiveRows({ adaptive_sampling: adaptive }: TracingStatus): Row[] {
  return Object.entries({ ...adaptive.sources, ...adaptive.sinks })
    .filter(([, { since }]) => since !== undefined)
    .map(([id, { active, since, threshold_seconds: threshold }]) => ({
      at: since!,
      who: 'agent',
      text: `Adaptive sampling ${active ? 'on' : 'off'} for ${id}`,
      note: active ? `P99 above ${threshold * 1000} ms` : `P99 below ${Math.round(threshold * 800)} ms`,
    }));
}
