/** One source in full: its streams, its history, its ledger. */
import type { SourceStatus } from '../../api/shapes.ts';
import { bytes } from '../../format/bytes.ts';
import { count } from '../../format/number.ts';
import { Drawer } from '../../parts/drawer.tsx';
import { Icon, iconOf } from '../../parts/icon.tsx';
import { href } from '../../state/route.ts';
import { Details, Histories, LedgerOf } from './drawer-parts.tsx';

/** Streams listed at once; there can be thousands of files. */
const MOST_STREAMS = 20;

export function SourceDrawer({ source, onClose }: { source: SourceStatus; onClose: () => void }) {
  const { id, type, streams, ledger, details } = source;
  const chain = (source.processors ?? []).map(({ type, label }) => label ?? type);
  const many = source.stream_count ?? streams.length;
  const furthest = streams.toSorted((a, b) => b.lag_bytes - a.lag_bytes).slice(0, MOST_STREAMS);
  return (
    <Drawer
      icon={iconOf(type)}
      title={id}
      kind={type}
      label={`Source ${id}`}
      node={`source:${id}`}
      onClose={onClose}
    >
      {chain.length > 0 && <p class="small mid">Then {chain.join(', ')}, in this order.</p>}
      <Histories of={`source/${id}`} rate="Read" lag />
      {streams.length > 0 && (
        <div>
          <h3>
            {many > MOST_STREAMS
              ? `The ${MOST_STREAMS} furthest behind of ${count(many)} streams`
              : 'Streams'}
          </h3>
          <table>
            <tbody>
              {furthest.map((stream) => (
                <tr key={stream.id}>
                  <td class="mono stream-name" title={stream.id}>
                    {stream.id}
                  </td>
                  <td class="right">
                    {stream.lag_bytes === 0 ? (
                      <span class="dim">read to its end</span>
                    ) : (
                      `${bytes(stream.lag_bytes)} behind`
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <LedgerOf ledger={ledger} kind="source" />
      <Details details={details} />
      <div class="row">
        <a class="btn" href={href('tracing', { rule: id })}>
          <Icon name="tracing" small />
          Trace this source
        </a>
        <a class="btn quiet" href={href('traces', { source: id })}>
          <Icon name="traces" small />
          Its traces
        </a>
      </div>
    </Drawer>
  );
}
