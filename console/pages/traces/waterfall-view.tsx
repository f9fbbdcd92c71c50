/** A trace as a waterfall. Rows are buttons: the chosen one shows its attributes below. */
import { type Row, ticksOf, type Waterfall } from '../../charts/waterfall.ts';
import { duration } from '../../format/duration.ts';
import { Icon } from '../../parts/icon.tsx';
import { useWidth } from '../../parts/use-width.ts';

const HEIGHT = 28;
const BAR = 12;
/** Room that the words of a tick need. */
const TICK_WIDTH = 80;
/** However short, a span is seen. */
const LEAST = 2;
const FILLS: Readonly<Record<Exclude<Row['look'], 'waiting'>, { class?: string; fill?: string }>> = {
  whole: { class: 'h-ink' },
  queue: { class: 'h-gray' },
  work: { class: 'h-ink' },
  sent: { class: 'h-ok' },
  failed: { fill: 'url(#p-bad)' },
};

interface Props {
  readonly of: Waterfall;
  readonly chosen: string;
  readonly onChoose: (key: string) => void;
}

export function WaterfallView({ of: { rows, length }, chosen, onChoose }: Props) {
  const [box, width] = useWidth<HTMLSpanElement>();
  // The last tick's words need room beyond the longest bar.
  const scale = Math.max(0, width - 24) / length;
  const ticks = ticksOf(length, Math.max(1, Math.floor(width / TICK_WIDTH)));
  return (
    <div class="waterfall">
      <div class="wf-row axis">
        <span class="wf-name">Span</span>
        <span ref={box}>
          <svg width={width} height="24" aria-hidden="true">
            {ticks.map((tick) => (
              <text key={tick} x={tick * scale} y="16" text-anchor={tick === 0 ? 'start' : 'middle'}>
                {tick === 0 ? '0' : duration(tick)}
              </text>
            ))}
          </svg>
        </span>
      </div>
      {rows.map((row) => (
        <button
          key={row.key}
          type="button"
          class={`wf-row depth-${Math.min(row.depth, 3)} ${row.ofBatch === true ? 'of-batch' : ''}`}
          aria-pressed={row.key === chosen}
          data-span={row.name}
          data-took={row.took}
          onClick={() => onChoose(row.key)}
        >
          <span class="wf-name">
            <span class="cut">{row.name}</span>
            {row.look === 'sent' && (
              <span class="ok">
                <Icon name="check" small />
              </span>
            )}
            {row.look === 'failed' && (
              <span class="bad">
                <Icon name="cross" small />
                <span class="unseen">failed</span>
              </span>
            )}
            <span class="took num">{duration(row.took)}</span>
          </span>
          <Bar row={row} scale={scale} width={width} />
        </button>
      ))}
    </div>
  );
}

function Bar({ row, scale, width }: { row: Row; scale: number; width: number }) {
  const x = row.from * scale;
  const size = Math.max(LEAST, row.took * scale);
  if (row.look === 'waiting') {
    return (
      <svg width={width} height={HEIGHT} aria-hidden="true">
        <path d={`M${x} 14h${size}`} class="s-strong" stroke-width="1.5" stroke-dasharray="2 4" />
      </svg>
    );
  }
  const noteLeft = x + size > width * 0.7;
  return (
    <svg width={width} height={HEIGHT} aria-hidden="true">
      <rect
        x={x}
        y={(HEIGHT - BAR) / 2}
        width={size}
        height={BAR}
        rx={Math.min(2, size / 2)}
        {...FILLS[row.look]}
      />
      {row.note !== undefined && (
        <text
          x={noteLeft ? x - 6 : x + size + 6}
          y="18"
          text-anchor={noteLeft ? 'end' : 'start'}
          class="t-mid"
        >
          {row.note}
        </text>
      )}
    </svg>
  );
}
