/** The processors of a source, from the running configuration, where the agent shows it. */
import { signal } from '@preact/signals';
import { get } from '../../api/client.ts';
import { rate } from '../../format/number.ts';
import { Icon } from '../../parts/icon.tsx';
import { perSecond, sourceOf } from '../../state/rates.ts';

export type Chains = Readonly<Record<string, readonly string[]>>;

/** Types of processors by source id; null while unknown. */
export const chains = signal<Chains | null>(null);

/** Asked for when the page is shown, and after a reload. An agent without it shows a graph without processors. */
export async function loadChains(): Promise<void> {
  try {
    const answer = await get<{
      config: { sources?: readonly { id: string; processors?: readonly { type: string }[] }[] };
    }>('api/config');
    const sources = answer.config.sources ?? [];
    chains.value = Object.fromEntries(
      sources.map(({ id, processors = [] }) => [id, processors.map(({ type }) => type)]),
    );
  } catch {
    chains.value ??= {};
  }
}

export function chainOf(all: Chains | null, source: string): readonly string[] {
  return all?.[source] ?? [];
}

export function Processors({ chain, source }: { chain: readonly string[]; source: string }) {
  const filtered = perSecond((each) => sourceOf(source)(each)?.ledger.filtered);
  return (
    <>
      {chain.slice(0, 3).map((type, index) => (
        // The same type may come twice; the place tells them apart.
        <span class="processor" key={`${index}${type}`}>
          {type === 'filter' && <Icon name="filtered" small />}
          <span class="cut">{type}</span>
          {type === 'filter' && filtered !== null && filtered > 0 && (
            <span class="end dim">−{rate(filtered)}</span>
          )}
        </span>
      ))}
      {chain.length > 3 && <span class="small dim">and {chain.length - 3} more</span>}
    </>
  );
}
