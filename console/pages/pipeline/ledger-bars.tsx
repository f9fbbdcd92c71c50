/** The balance in bars: read above accounted for; below, magnified, whatever was not delivered. Each has its own fill. */
import { type Balance, type Kind, ledgerLayout, type Slice } from '../../charts/ledger-layout.ts';
import { count, share } from '../../format/number.ts';
import { useWidth } from '../../parts/use-width.ts';

const WORDS: Readonly<Record<Kind, string>> = {
  filtered: 'filtered',
  in_flight: 'in flight',
  dead_lettered: 'dead-lettered',
  dropped: 'dropped',
};
const FILLS: Readonly<Record<Exclude<Kind, 'dropped'>, string>> = {
  filtered: 'url(#p-filtered)',
  in_flight: 'url(#p-flight)',
  dead_lettered: 'url(#p-bad)',
};
const LINE = 17;

export function LedgerBars({ balance }: { balance: Balance }) {
  const [box, width] = useWidth<HTMLElement>();
  const layout = ledgerLayout(balance, Math.max(0, width - 1));
  const { rest, slices, difference } = layout;
  const accounted = balance.read - difference;
  const height = rest === null ? 96 : 136 + slices.length * LINE + 4;
  const summary = `Read ${count(balance.read)} equals delivered ${count(balance.delivered)}${slices.map(({ kind, count: each }) => ` plus ${WORDS[kind]} ${count(each)}`).join('')}`;
  return (
    <figure class="bars" ref={box}>
      {width > 0 && (
        <svg
          width={width}
          height={height}
          role="img"
          aria-label={difference === 0 ? summary : `Out of balance by ${difference}`}
        >
          <text class="t-strong" x="0" y="12">
            Read
          </text>
          <text class="t-strong" x={width} y="12" text-anchor="end">
            {count(balance.read)}
          </text>
          <rect y="18" width={layout.readWidth} height="14" rx="2" class="h-ink" />
          <text class="t-strong" x="0" y="54">
            Accounted for
          </text>
          <text class="t-strong" x={width} y="54" text-anchor="end">
            {count(accounted)}
          </text>
          <rect y="60" width={layout.deliveredWidth} height="14" rx="2" class="h-ok" />
          {rest !== null && <rect x={rest.x} y="60" width={rest.width} height="14" class="h-gray" />}
          {balance.read > 0 && (
            <path
              d={`M${layout.readWidth} 14V80`}
              class={difference === 0 ? 's-ink' : 's-bad'}
              stroke-width="1.5"
              stroke-dasharray="2 2"
            />
          )}
          <text x="0" y="91" class="t-mid t-12">
            delivered {count(balance.delivered)}
            {accounted > 0 && ` (${share(balance.delivered / accounted)})`}
          </text>
          {rest !== null && (
            <>
              <path d={`M${rest.x} 76 0 112H${width - 1}L${rest.x + rest.width} 76Z`} class="h-sunk" />
              <path d={`M${rest.x} 76 0 112M${rest.x + rest.width} 76 ${width - 1} 112`} class="s-strong" />
              <text x={width - 8} y="107" text-anchor="end" class="t-mid t-12">
                the other {share(rest.share)}, magnified
              </text>
              {slices.map((slice) => (
                <Bar key={slice.kind} slice={slice} />
              ))}
              {slices.map((slice, index) => (
                <Label key={slice.kind} slice={slice} line={index} width={width} />
              ))}
            </>
          )}
        </svg>
      )}
    </figure>
  );
}

function Bar({ slice: { kind, x, width } }: { slice: Slice }) {
  if (kind === 'dropped') {
    return (
      <rect x={x + 0.75} y="112.75" width={width - 1.5} height="16.5" class="s-bad" stroke-width="1.5" />
    );
  }
  return <rect x={x} y="112" width={width} height="18" fill={FILLS[kind]} />;
}

/** The words of a slice on a line of their own, with a lead from its middle. */
function Label({
  slice: { kind, count: logs, x, width },
  line,
  width: all,
}: {
  slice: Slice;
  line: number;
  width: number;
}) {
  const text = `${WORDS[kind]} ${count(logs)}`;
  const y = 146 + line * LINE;
  const middle = x + width / 2;
  // Left of its slice where there is room for the words, right of it otherwise.
  const left = middle > text.length * 6.6 + 24;
  if (x === 0 && width > text.length * 6.6) {
    return (
      <text x="0" y={y} class="t-12 t-mid">
        {text}
      </text>
    );
  }
  const edge = left ? middle - 14 : Math.min(middle + 14, all - text.length * 6.6);
  return (
    <>
      <path d={`M${middle} 131V${y - 4}H${left ? edge + 2 : edge - 2}`} class="s-strong" />
      <text x={edge - (left ? 2 : -2)} y={y} text-anchor={left ? 'end' : 'start'} class="t-12 t-mid">
        {text}
      </text>
    </>
  );
}
