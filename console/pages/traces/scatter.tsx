/** The traces of the list as points; a click opens one. Its text is the list, so keys do not need it. */
import { scatterLayout } from '../../charts/scatter-layout.ts';
import { count } from '../../format/number.ts';
import { clock } from '../../format/time.ts';
import { useWidth } from '../../parts/use-width.ts';
import type { Outcome, Summary } from './words.ts';

const HEIGHT = 104;

interface Props {
  readonly traces: readonly Summary[];
  readonly chosen: string | undefined;
  readonly onOpen: (id: string) => void;
}

export function Scatter({ traces, chosen, onOpen }: Props) {
  const [box, width] = useWidth<HTMLDivElement>();
  const points = traces.map((trace) => ({
    id: trace.trace_id,
    at: Date.parse(trace.started_at),
    took: trace.duration_ms,
    trace,
  }));
  const layout =
    points.length === 0 || width === 0
      ? null
      : scatterLayout(points, { left: 52, right: width - 8, top: 8, bottom: 84 });
  return (
    <div class="scatter">
      <div ref={box}>
        {layout !== null && (
          <svg
            width={width}
            height={HEIGHT}
            role="img"
            aria-label={`How long ${traces.length} traces took, by when they began`}
          >
            {layout.ticks.map(({ ms, y }) => (
              <g key={ms}>
                <path d={`M52 ${y}H${width}`} class="s-line" />
                <text x="46" y={y + 4} text-anchor="end">
                  {tick(ms)}
                </text>
              </g>
            ))}
            <text x="52" y="101">
              {clock(layout.from)}
            </text>
            <text x={width - 8} y="101" text-anchor="end">
              {clock(layout.to)}
            </text>
            {layout.points.map(({ point, x, y }) => (
              // biome-ignore lint/a11y/noStaticElementInteractions: the list beside it is what keys and readers use
              <g
                key={point.id}
                class="point"
                transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}
                onClick={() => onOpen(point.id)}
              >
                <rect x="-6" y="-6" width="12" height="12" class="hit" />
                <Mark trace={point.trace} />
                {point.id === chosen && <circle r="7" class="s-acc" stroke-width="2" />}
              </g>
            ))}
          </svg>
        )}
      </div>
      <div class="legend">
        {(['delivered', 'dead_lettered', 'filtered'] as const).map((outcome) => (
          <span key={outcome}>
            <svg width="10" height="10" viewBox="-5 -5 10 10" aria-hidden="true">
              <Shape outcome={outcome} />
            </svg>
            {outcome === 'dead_lettered' ? 'dead-lettered, dropped' : outcome}
          </span>
        ))}
      </div>
    </div>
  );
}

function Mark({ trace }: { trace: Summary }) {
  return (
    <Shape
      outcome={
        trace.type === 'system' && trace.status.code === 'error' ? 'dropped' : (trace.outcome ?? 'delivered')
      }
    />
  );
}

function Shape({ outcome }: { outcome: Outcome }) {
  if (outcome === 'delivered') return <circle r="2.25" class="h-gray" />;
  if (outcome === 'filtered') return <path d="M-2.5-2.5h5L0 2z" class="s-dim" />;
  return <path d="m-2.5-2.5 5 5m0-5-5 5" class="s-bad" stroke-width="1.5" />;
}

/** A power of ten, in one unit. */
function tick(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${count(ms / 1000)} s`;
}
