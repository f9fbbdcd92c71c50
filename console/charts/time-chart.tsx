/**
 * A chart over time, drawn by uPlot: axes from 0, no smoothing, gaps where readings are missing. The crosshair is shared
 * by the charts of a page, moves with the arrow keys too, and its values stand in a line above. Has a text summary and
 * a table. Drawing beyond the lines (thresholds, states) is the `under` and `over` of the caller.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { clock, minute } from '../format/time.ts';
import { Button } from '../parts/button.tsx';
import { useWidth } from '../parts/use-width.ts';
import type { Table } from '../state/series.ts';
import { shown } from '../state/theme.ts';

export interface Line {
  readonly label: string;
  readonly look: 'solid' | 'dashed' | 'accent';
}

export interface Props {
  readonly title: string;
  /** Beside the title. */
  readonly value?: string;
  /** What the chart shows, in a sentence, for those who do not see it. */
  readonly summary: string;
  readonly table: Table;
  readonly lines: readonly Line[];
  readonly height: number;
  /** Words of a value: of the axis, and of the line above. */
  readonly words: (value: number) => string;
  readonly from: number;
  readonly to: number;
  /** Values that must be inside the scale, such as a threshold. */
  readonly include?: number;
  readonly under?: (plot: uPlot) => void;
  readonly over?: (plot: uPlot) => void;
}

const SYNC = 'page';
/** Rows of the table: about as many as are read. */
const ROWS = 30;
const LEFT_AXIS = 56;

export function TimeChart(props: Props) {
  const [box, width] = useWidth<HTMLDivElement>();
  const [at, setAt] = useState<number | null>(null);
  const [asTable, setAsTable] = useState(false);
  const plot = useRef<uPlot | null>(null);
  const current = useRef(props);
  current.current = props;

  const { lines, height } = props;
  const theme = shown.value;
  useEffect(() => {
    if (box.current === null || width === 0 || asTable) return;
    plot.current = new uPlot(
      options(current, width, height, setAt),
      data(current.current.table),
      box.current,
    );
    label(plot.current, current.current.summary);
    return () => {
      plot.current?.destroy();
      plot.current = null;
    };
  }, [width, height, theme, asTable, lines.length]);
  useEffect(() => {
    plot.current?.setData(data(props.table), true);
  });

  return (
    <figure>
      <figcaption class="chart-head">
        <b>{props.title}</b>
        <span class="small mid num cut">{at === null ? '' : values(props, at)}</span>
        {props.value !== undefined && at === null && <b class="end num">{props.value}</b>}
        <span class={props.value === undefined || at !== null ? 'end' : ''}>
          <Button look="slim quiet" expanded={asTable} onClick={() => setAsTable(!asTable)}>
            {asTable ? 'Chart' : 'Table'}
          </Button>
        </span>
      </figcaption>
      {asTable ? (
        <Rows table={props.table} lines={lines} words={props.words} />
      ) : (
        <div class="chart-box" ref={box} />
      )}
    </figure>
  );
}

function options(
  current: { readonly current: Props },
  width: number,
  height: number,
  setAt: (index: number | null) => void,
): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const font = `11px ${style.getPropertyValue('--sans')}`;
  const strokes = { solid: colour('ink'), dashed: colour('ink3'), accent: colour('accent') };
  const axis = { stroke: colour('ink3'), font, ticks: { show: false }, gap: 6 };
  return {
    width,
    height,
    legend: { show: false },
    padding: [18, 10, 0, 0],
    cursor: { sync: { key: SYNC }, drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      x: { time: true, range: () => [current.current.from, current.current.to] },
      y: {
        range: (_plot, _least, most) => [0, niceCeiling(Math.max(most ?? 0, current.current.include ?? 0))],
      },
    },
    series: [
      {},
      ...current.current.lines.map(({ look }) => ({
        stroke: strokes[look],
        width: look === 'dashed' ? 1.25 : 1.75,
        points: { show: false },
        ...(look === 'dashed' && { dash: [4, 3] }),
      })),
    ],
    axes: [
      {
        ...axis,
        size: 26,
        space: 70,
        grid: { show: false },
        values: (_plot, times) =>
          times.map((time) => (time % 60 === 0 ? minute(time * 1000) : clock(time * 1000))),
      },
      {
        ...axis,
        size: LEFT_AXIS,
        space: 40,
        grid: { stroke: colour('line'), width: 1 },
        values: (_plot, ticks) => ticks.map((tick) => current.current.words(tick)),
      },
    ],
    hooks: {
      drawAxes: [(plot) => current.current.under?.(plot)],
      draw: [(plot) => current.current.over?.(plot)],
      setCursor: [(plot) => setAt(plot.cursor.idx ?? null)],
    },
  };
}

/** Makes the plot reachable and lets the arrow keys move its crosshair. */
function label(plot: uPlot, summary: string): void {
  plot.over.tabIndex = 0;
  plot.over.setAttribute('role', 'img');
  plot.over.setAttribute('aria-label', summary);
  plot.over.addEventListener('blur', () => plot.setCursor({ left: -10, top: -10 }));
  plot.over.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const times = plot.data[0];
    if (step === undefined || times.length === 0) return;
    event.preventDefault();
    const before = plot.cursor.idx ?? times.length;
    const index = Math.min(Math.max(before + step, 0), times.length - 1);
    plot.setCursor({ left: plot.valToPos(times[index]!, 'x'), top: 4 });
  });
}

function data(table: Table): uPlot.AlignedData {
  return table as unknown as uPlot.AlignedData;
}

function values({ table, lines, words }: Props, index: number): string {
  const [times, ...columns] = table;
  if (times[index] === undefined) return '';
  const each = lines.map(({ label: name }, line) => {
    const value = columns[line]?.[index];
    return `${name} ${value === null || value === undefined ? '–' : words(value)}`;
  });
  return `${clock(times[index] * 1000)}: ${each.join(', ')}`;
}

/** 1, 2, 2.5 or 5 times a power of ten, above the value. */
export function niceCeiling(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 2.5, 5, 10].find((each) => each * power >= value * 1.02) ?? 20;
  return step * power;
}

function Rows({
  table,
  lines,
  words,
}: {
  table: Table;
  lines: readonly Line[];
  words: (value: number) => string;
}) {
  const [times, ...columns] = table;
  const step = Math.max(1, Math.ceil(times.length / ROWS));
  const rows = times.map((time, index) => ({ time, index })).filter(({ index }) => index % step === 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
    <div class="chart-table" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th>Time</th>
            {lines.map(({ label: name }) => (
              <th key={name} class="right">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.toReversed().map(({ time, index }) => (
            <tr key={time}>
              <td>{clock(time * 1000)}</td>
              {lines.map(({ label: name }, line) => {
                const value = columns[line]![index];
                return (
                  <td key={name} class="right">
                    {value === null || value === undefined ? '' : words(value)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
