/** The processors of a source, from the running configuration, where the agent shows it. */
import { rate } from '../../format/number.ts';
import { Icon } from '../../parts/icon.tsx';
import { chainOf } from '../../state/config.ts';
import { perSecond, sourceOf } from '../../state/rates.ts';

/** More than these do not fit beside a node; the source's drawer has them all. */
const MOST = 3;

export function Processors({ source }: { source: string }) {
  const chain = chainOf(source);
  const filtered = perSecond((each) => sourceOf(source)(each)?.ledger.filtered);
  return (
    <>
      {chain.slice(0, MOST).map((type, index) => (
        // The same type may come twice; the place tells them apart.
        <span class="processor" key={`${index}${type}`}>
          {type === 'filter' && <Icon name="filtered" small />}
          <span class="cut">{type}</span>
          {type === 'filter' && filtered !== null && filtered > 0 && (
            <span class="end dim">−{rate(filtered)}</span>
          )}
        </span>
      ))}
      {chain.length > MOST && <span class="small dim">and {chain.length - MOST} more</span>}
    </>
  );
}
