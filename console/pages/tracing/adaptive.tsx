/** Adaptive sampling: P99 against its threshold, when it was on, and the band in which it keeps its state. */
import { useState } from 'preact/hooks';
import type uPlot from 'uplot';
import type { Detector } from '../../api/shapes.ts';
import { type Line, TimeChart } from '../../charts/time-chart.tsx';
import { duration, parse } from '../../format/duration.ts';
import { share } from '../../format/number.ts';
import { clock } from '../../format/time.ts';
import { Chip } from '../../parts/chip.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { healthOf } from '../../parts/troubles.ts';
import { runningConfig } from '../../state/config.ts';
import { stale } from '../../state/connection.ts';
import type { Reading } from '../../state/feed.ts';
import { historyOf, useHistory } from '../../state/history.ts';
import { type Activation, activations } from './activations.ts';

/** Seconds shown. */
const SPAN = 900;
const LEAST_SPAN = 120;
const HEIGHT = 320;
/** It is turned off below this share of the threshold (design.md, section 5). */
const OFF_AT = 0.8;
const P99: Line = { label: 'P99', look: 'solid' };
const P50: Line = { label: 'P50', look: 'dashed' };

interface Place {
  readonly key: string;
  readonly name: string;
  readonly detector: Detector;
  readonly stopped: boolean;
}

export function Adaptive({ reading }: { reading: Reading }) {
  const { adaptive_sampling: adaptive } = reading.tracing;
  useHistory();
  const places = placesOf(reading);
  const [wanted, setWanted] = useState<string | null>(null);
  // Unless one was chosen: the one that is on, else the agent.
  const place =
    places.find(({ key }) => key === wanted) ??
    places.slice(1).find(({ detector, stopped }) => detector.active && !stopped) ??
    places[0]!;
  const { detector } = place;
  const window = runningConfig.value?.tracing?.adaptive_sampling;
  return (
    <Panel
      title="Adaptive sampling"
      aside={
        <State enabled={adaptive.enabled} rate={adaptive.sample_rate} detector={detector} at={reading.at} />
      }
      tools={
        <Tabs
          label="Measured at"
          chosen={place.key}
          onChoose={setWanted}
          choices={places.map(({ key, name, detector: { active }, stopped }) => ({
            key,
            text: (
              <>
                {stopped ? <Icon name="stopped" small /> : active && <Icon name="warning" small />}
                {name}
              </>
            ),
          }))}
        />
      }
      look={stale.value ? 'stale' : ''}
    >
      <Chart key={place.key} place={place} at={reading.at} />
      <p class="legend">
        <span>
          <svg width="20" height="8" aria-hidden="true">
            <path d="M0 4h20" class="s-ink" stroke-width="1.75" />
          </svg>
          P99 from read to acknowledgement
          {window?.window_size !== undefined && `, ${duration(parse(window.window_size))} window`}
        </span>
        <span>
          <svg width="20" height="8" aria-hidden="true">
            <rect width="20" height="8" rx="2" class="h-acc" />
          </svg>
          adaptive sampling on
        </span>
        <span>
          <svg width="20" height="10" aria-hidden="true">
            <rect width="20" height="10" fill="url(#p-keeps)" />
          </svg>
          keeps its state
        </span>
        <span class="dim">
          on above {duration(detector.threshold_seconds * 1000)}, off below{' '}
          {duration(detector.threshold_seconds * OFF_AT * 1000)}
          {window?.check_interval !== undefined &&
            `; checked every ${duration(parse(window.check_interval))}`}
        </span>
      </p>
    </Panel>
  );
}

function State({
  enabled,
  rate,
  detector,
  at,
}: {
  enabled: boolean;
  rate: number;
  detector: Detector;
  at: number;
}) {
  if (!enabled) return <Chip>off in the configuration</Chip>;
  if (!detector.active) return <Chip icon="tracing">not needed</Chip>;
  const since =
    detector.since === undefined ? '' : `, for ${duration(Math.max(1000, at - Date.parse(detector.since)))}`;
  return (
    <Chip tone="acc" icon="tracing">
      on at {share(rate)}
      {since}
    </Chip>
  );
}

function Chart({ place: { key, name, detector }, at }: { place: Place; at: number }) {
  const to = at / 1000;
  const [times, p99, active, p50] = historyOf([`${key}/p99`, `${key}/active`, `${key}/p50`], SPAN);
  const hasP50 = p50?.some((value) => value !== null) === true;
  // A young agent's chart begins with it.
  const from = Math.max(to - SPAN, Math.min(times[0] ?? to, to - LEAST_SPAN));
  const threshold = detector.threshold_seconds * 1000;
  const on = activations(times, active ?? [], from, detector);
  const last = p99?.at(-1) ?? null;
  const words = last === null ? 'no log yet' : duration(last);
  return (
    <TimeChart
      title={`P99 of ${name}`}
      value={words}
      summary={`P99 of ${name} over the last ${SPAN / 60} minutes, now ${words}, threshold ${duration(threshold)}, adaptive sampling on ${on.length === 1 ? 'once' : `${on.length} times`}`}
      table={hasP50 ? [times, p99!, p50!] : [times, p99 ?? []]}
      lines={hasP50 ? [P99, P50] : [P99]}
      height={HEIGHT}
      words={duration}
      from={from}
      to={to}
      include={threshold * 1.1}
      under={(plot) => drawStates(plot, on, threshold)}
      over={(plot) => drawMarks(plot, on, threshold)}
    />
  );
}

function placesOf({ status, tracing: { adaptive_sampling: adaptive } }: Reading): Place[] {
  return [
    { key: 'agent', name: 'agent', detector: adaptive.agent, stopped: false },
    ...status.sinks.flatMap((sink) => {
      const detector = adaptive.sinks[sink.id];
      return detector === undefined
        ? []
        : [{ key: `sink/${sink.id}`, name: sink.id, detector, stopped: healthOf(sink) === 'stopped' }];
    }),
    ...status.sources.flatMap(({ id }) => {
      const detector = adaptive.sources[id];
      return detector === undefined ? [] : [{ key: `source/${id}`, name: id, detector, stopped: false }];
    }),
  ];
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** The time it was on as a tint, and the band between the two thresholds hatched. */
function drawStates(plot: uPlot, on: readonly Activation[], threshold: number): void {
  const { ctx, bbox } = plot;
  const x = (seconds: number) => plot.valToPos(seconds, 'x', true);
  const y = (value: number) => plot.valToPos(value, 'y', true);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = colour('accent');
  ctx.globalAlpha = 0.08;
  for (const { from, to } of on) ctx.fillRect(x(from), bbox.top, x(to) - x(from), bbox.height);
  ctx.globalAlpha = 0.3;
  ctx.strokeStyle = colour('warn');
  ctx.lineWidth = devicePixelRatio;
  const top = y(threshold);
  const bottom = y(threshold * OFF_AT);
  ctx.beginPath();
  ctx.rect(bbox.left, top, bbox.width, bottom - top);
  ctx.clip();
  ctx.beginPath();
  for (let at = bbox.left - (bottom - top); at < bbox.left + bbox.width; at += 6 * devicePixelRatio) {
    ctx.moveTo(at, bottom);
    ctx.lineTo(at + (bottom - top), top);
  }
  ctx.stroke();
  ctx.restore();
}

/** Threshold lines with their words, and when it was turned on and off. */
function drawMarks(plot: uPlot, on: readonly Activation[], threshold: number): void {
  const { ctx, bbox } = plot;
  const scale = devicePixelRatio;
  const right = bbox.left + bbox.width;
  const bottom = bbox.top + bbox.height;
  const font = `${11 * scale}px ${getComputedStyle(document.body).fontFamily}`;
  ctx.save();
  ctx.font = font;
  ctx.textBaseline = 'alphabetic';
  ctx.textAlign = 'left';
  ctx.strokeStyle = colour('warn');
  for (const { value, dash, text, below } of [
    { value: threshold, dash: [], text: `turns on above ${duration(threshold)}`, below: false },
    {
      value: threshold * OFF_AT,
      dash: [2, 4],
      text: `turns off below ${duration(threshold * OFF_AT)}`,
      below: true,
    },
  ]) {
    const y = plot.valToPos(value, 'y', true);
    ctx.lineWidth = (below ? 1 : 1.5) * scale;
    ctx.setLineDash(dash.map((each) => each * scale));
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(right, y);
    ctx.stroke();
    ctx.fillStyle = colour('ink2');
    ctx.save();
    ctx.setLineDash([]);
    ctx.lineWidth = 4 * scale;
    ctx.strokeStyle = colour('surface');
    if (bbox.width / scale > 320) ctx.strokeText(text, bbox.left + 6 * scale, y + (below ? 14 : -5) * scale);
    ctx.restore();
    if (bbox.width / scale > 320) ctx.fillText(text, bbox.left + 6 * scale, y + (below ? 14 : -5) * scale);
  }
  ctx.strokeStyle = colour('accent');
  ctx.fillStyle = colour('accent');
  ctx.lineWidth = 1.25 * scale;
  let written = Number.NEGATIVE_INFINITY;
  for (const { from, to, began, ended } of on) {
    for (const [at, shown, dash, word] of [
      [from, began, [], 'on'],
      [to, ended, [3, 3], 'off'],
    ] as const) {
      if (!shown) continue;
      const x = plot.valToPos(at, 'x', true);
      ctx.setLineDash(dash.map((each) => each * scale));
      ctx.beginPath();
      ctx.moveTo(x, bbox.top - 4 * scale);
      ctx.lineTo(x, bottom);
      ctx.stroke();
      const room = word === 'on' ? x - bbox.left > 80 * scale : right - x < 80 * scale;
      const text = `${word} ${clock(at * 1000)}`;
      const size = ctx.measureText(text).width + 4 * scale;
      const begin = room ? x - size : x + 4 * scale;
      // Words that would run into others are left out; their line says enough.
      if (begin < written) continue;
      written = begin + size;
      ctx.textAlign = 'left';
      ctx.fillText(text, begin, bbox.top - 7 * scale);
    }
    const left = plot.valToPos(from, 'x', true);
    ctx.fillRect(left, bottom + 2 * scale, plot.valToPos(to, 'x', true) - left, 5 * scale);
  }
  ctx.restore();
}
