/** Where spans go, and how many got there. Nothing is shown when only the store takes them. */
import { bytes } from '../../format/bytes.ts';
import { count } from '../../format/number.ts';
import { moment } from '../../format/time.ts';
import { Icon } from '../../parts/icon.tsx';
import { Panel } from '../../parts/panel.tsx';
import { stale } from '../../state/connection.ts';
import type { Reading } from '../../state/feed.ts';

export function Exporters({ reading }: { reading: Reading }) {
  const { exporters, store } = reading.tracing;
  return (
    <Panel
      title="Where spans go"
      aside={
        <span class="dim small">
          the store here holds {count(store.spans - store.overwritten_spans)} in {bytes(store.memory_bytes)}
        </span>
      }
      look={stale.value ? 'stale' : ''}
    >
      {exporters.length === 0 ? (
        <p class="small dim">Only the store of this agent. tracing.exporter sends them to a backend too.</p>
      ) : (
        <div class="table-wrap">
          <table>
            <thead>
              <tr>
                <th>Exporter</th>
                <th class="right">Exported</th>
                <th class="right">Queued</th>
                <th class="right">Dropped</th>
              </tr>
            </thead>
            <tbody>
              {exporters.map(
                ({
                  type,
                  endpoint,
                  exported_spans: exported,
                  queued_spans: queued,
                  dropped_spans: lost,
                  last_error: error,
                  last_error_at: at = '',
                  last_exported_at: exportedAt = '',
                }) => {
                  const dropped = lost.queue_full + lost.export_failed + lost.shutdown;
                  return (
                    <tr key={type + endpoint}>
                      <td>
                        <b>{type}</b> <span class="dim mono exporter-name">{endpoint}</span>
                        {error !== undefined && (
                          <p class={exportedAt > at ? 'dim row' : 'bad row'}>
                            <Icon name="warning" small />
                            {exportedAt > at ? `Over: ${error}` : error}
                            {at !== '' && <span class="dim num">{moment(at, reading.at)}</span>}
                          </p>
                        )}
                      </td>
                      <td class="right">{count(exported)}</td>
                      <td class="right">{count(queued)}</td>
                      <td class={dropped > 0 ? 'right bad' : 'right'}>{count(dropped)}</td>
                    </tr>
                  );
                },
              )}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
