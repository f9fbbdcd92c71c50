/** The processors of a source, in the order in which they work. */
import type { SourceStatus } from '../../api/shapes.ts';
import { rate } from '../../format/number.ts';
import { Icon } from '../../parts/icon.tsx';
import { perSecond, sourceOf } from '../../state/rates.ts';

/** More than these do not fit beside a node; the source's drawer has them all. */
const MOST = 3;

export function Processors({ source: { id, processors } }: { source: SourceStatus }) {
  const chain = processors ?? [];
  const filtered = perSecond((each) => sourceOf(id)(each)?.ledger.filtered);
  const filters = chain.filter(({ type }) => type === 'filter').length;
  return (
    <>
      {chain.slice(0, MOST).map(({ type, label }, index) => (
        // The same type may come twice; the place tells them apart.
        <span class="processor" key={`${index}${type}`} title={label ?? type}>
          {type === 'filter' && <Icon name="filtered" small />}
          <span class="cut">{type}</span>
          {type === 'filter' && filters === 1 && filtered !== null && filtered > 0 && (
            <span class="end dim">−{rate(filtered)}</span>
          )}
        </span>
      ))}
      {chain.length > MOST && <span class="small dim">and {chain.length - MOST} more</span>}
    </>
  );
}
