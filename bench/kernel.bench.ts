/**
 * Cost of each kernel function on generated log lines: `node bench/kernel.bench.ts [REPETITIONS]`.
 * The functions take turns, so that a busy machine slows all of them alike; medians are printed.
 */

import { Kernel, type Region } from '../src/kernel/kernel.ts';
import type { StampOptions } from '../src/kernel/options.ts';
import { RecordChecksums } from '../src/kernel/record-checksum.ts';
import type { Selection, Slot } from '../src/kernel/slot.ts';
import { thresholdOf, traceStateOf } from '../src/tracing/decision/selection.ts';
import { Annotations } from '../src/tracing/spans/annotate.ts';
import { deflateTemplate } from '../src/tracing/spans/deflated-template.ts';
import { buildLogTemplate } from '../src/tracing/spans/log-spans.ts';
import { deflatedBound, encodeDeflated, encodePlain, type RunSource } from '../src/tracing/spans/span-run.ts';
import type { Template } from '../src/tracing/spans/span-template.ts';

const REPETITIONS = Number(process.argv[2] ?? 60);
const SLOT_BYTES = 2 ** 20;

/** Numbers in [0, 1), the same at every run (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const next = random(7);
const integer = (below: number) => Math.floor(next() * below);
/** Prefers the front of the list, as traffic does. */
const pick = <T>(list: readonly T[]): T => list[Math.floor(next() ** 2 * list.length)]!;
const hex = (digits: number) => Array.from({ length: digits }, () => integer(16).toString(16)).join('');

const ADDRESSES = Array.from({ length: 3000 }, () =>
  [1 + integer(223), integer(256), integer(256), integer(256)].join('.'),
);
const PATHS = Array.from(
  { length: 400 },
  (_, i) =>
    `/${['api/v1', 'static/js', 'images', 'shop', 'blog'][i % 5]}/${['orders', 'users', 'items', 'cart', 'search'][integer(5)]}/${hex(4)}`,
);
const AGENTS = Array.from(
  { length: 40 },
  (_, i) =>
    [
      `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${100 + i}.0.0.0 Safari/537.36`,
      `Mozilla/5.0 (X11; Linux x86_64; rv:${90 + i}.0) Gecko/20100101 Firefox/${90 + i}.0`,
      `curl/7.${60 + i}.0`,
      `Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)`,
    ][i % 4]!,
);
const REFERERS = [
  '-',
  'https://www.example.com/',
  'https://www.google.com/',
  ...PATHS.slice(0, 30).map((path) => `https://www.example.com${path}`),
];

function nginxLine(i: number): string {
  const time = new Date(1_760_000_000_000 + i * 7).toISOString();
  const method = pick(['GET', 'GET', 'GET', 'POST', 'PUT', 'HEAD']);
  const path = pick(PATHS) + (next() < 0.3 ? `?page=${integer(500)}&id=${integer(100_000)}` : '');
  const status = pick([200, 200, 200, 304, 404, 301, 500]);
  return `${pick(ADDRESSES)} - - [09/Oct/2025:${time.slice(11, 19)} +0000] "${method} ${path} HTTP/1.1" ${status} ${integer(60_000)} "${pick(REFERERS)}" "${pick(AGENTS)}"\n`;
}

function jsonLine(i: number): string {
  return `${JSON.stringify({
    timestamp: new Date(1_760_000_000_000 + i * 7).toISOString(),
    level: pick(['info', 'info', 'debug', 'warn', 'error']),
    logger: pick(['http.server', 'db.pool', 'cache', 'auth', 'billing']),
    message: pick(['request completed', 'cache miss', 'query finished', 'retrying upstream call']),
    request_id: hex(16),
    user_id: integer(100_000),
    method: pick(['GET', 'POST', 'PUT']),
    path: pick(PATHS),
    status: pick([200, 201, 404, 500]),
    duration_ms: integer(90_000) / 100,
    bytes: integer(60_000),
    host: `web-${integer(12)}`,
    region: pick(['eu-west-1', 'us-east-1']),
    version: '4.2.1',
    pid: 1000 + integer(50),
  })}\n`;
}

function jsonLineWithContext(i: number): string {
  return jsonLine(i).replace(
    '"user_id"',
    `"trace_id":"${hex(32)}","span_id":"${hex(16)}","trace_flags":"01","user_id"`,
  );
}

/** Spans of a delivered log, as the tracer has them written. */
function spanTemplate(mode: 'full-e2e' | 'hybrid', compact: boolean) {
  const scoped = mode === 'full-e2e';
  const stream = {
    id: '/var/log/nginx/access.log',
    path: '/var/log/nginx/access.log',
    source: 'nginx',
    sourceType: 'file',
    labels: {},
    commit() {},
  };
  const shape = {
    mode,
    reason: scoped ? 'mode' : 'base_rate',
    traceState: traceStateOf(thresholdOf(scoped ? 1 : 0.1)),
    note: '',
    outcome: 'delivered',
    failure: null,
    stages: compact ? 'scope' : 'spans',
    scoped,
    joined: false,
    processed: false,
    located: true,
    sends: [{ sink: 'loki', attempts: 1, failure: null }],
  } as const;
  const annotations = new Annotations({ attributes: {}, fields: [], maxLength: 256, redact: [] });
  return buildLogTemplate(stream, shape, { annotations, writes: () => true, linked: true });
}

function fill(slot: Slot, line: (i: number) => string): number {
  let end = 0;
  for (let i = 0; ; i++) {
    const text = line(i);
    if (end + text.length > SLOT_BYTES) return end;
    end += slot.bytes.write(text, end, 'latin1');
  }
}

interface Case {
  readonly name: string;
  readonly records: number;
  readonly bytes: number;
  readonly times: number[];
  readonly run: () => number;
}

function cases(kernel: Kernel, corpus: string, line: (i: number) => string): Case[] {
  const [slot, target] = [kernel.slots.take()!, kernel.slots.take()!];
  const out = kernel.outputs.take()!;
  const length = fill(slot, line);
  const scan = { from: 0, length, firstRecord: 0, maxRecordBytes: 2 ** 18, final: false };
  const { count } = kernel.scanLines(slot, scan);
  const all: Selection = { slot, first: 0, count, live: null };
  const half: Selection = {
    slot,
    first: 0,
    count,
    live: Uint32Array.from({ length: count >> 1 }, (_, i) => i * 2),
  };
  const loki = {
    labels: '{service_name="bench"}',
    firstNs: 1_760_000_000_000_000_000n,
    useTimestamps: false,
    useBlobs: false,
  };
  const tenth = Uint32Array.from({ length: count }, (_, i) => i).filter(() => next() < 0.1);
  const stamp = { rows: null, prefix: 9n, seed: 7n, threshold: 0n, hasContexts: false, spanIds: false };
  /** A whole body, as the Loki sink makes it. */
  const body = (ids: StampOptions | null, fused: boolean) => {
    kernel.idRegions.count = 0;
    const end = kernel.lokiStream(all, kernel.scratch, 0, { ...loki, stamp: ids });
    return kernel.snappy(kernel.scratch, end, out, { regions: fused ? kernel.idRegions : null });
  };
  const templates = {
    compact: spanTemplate('full-e2e', true),
    waterfall: spanTemplate('full-e2e', false),
    hybrid: spanTemplate('hybrid', false),
  };
  const checksums = new RecordChecksums();
  const deflatedOf = new Map(Object.values(templates).map((it) => [it, deflateTemplate(it, checksums)!]));
  let ringAt = 0;
  /** One run after the other, as in the span ring: the memory is cold. */
  const room = (capacity: number) => {
    if (ringAt + capacity > kernel.spans.capacity) ringAt = 0;
    const at = ringAt;
    ringAt += capacity;
    return { at, capacity };
  };
  const source = { selection: all, seed: stamp.seed, threshold: 0n, from: 1e9 };
  const encodeSpans = (template: Template) =>
    encodePlain(kernel, source, template, false, room(count * template.bytes.length));
  const deflateSpans = (template: Template, from: RunSource = source) => {
    const deflated = deflatedOf.get(template)!;
    const bound = deflatedBound(count, template.bytes.length, deflated);
    return encodeDeflated(kernel, from, { template, deflated }, room(bound)).bytes;
  };
  const sampled = { ...source, selection: { ...all, live: tenth }, threshold: thresholdOf(0.1) };
  const otlp = {
    observedNs: loki.firstNs,
    firstNs: loki.firstNs,
    useTimestamps: false,
    useSeverities: true,
    useBlobs: false,
  };
  // A push body of its own: snappy must not see what the other cases leave in the scratch region.
  const push: Region = kernel.outputs.take()!;
  const pushLength = kernel.lokiStream(all, push, 0, loki);
  const escapeAll = () => {
    let at = 0;
    for (let row = 0; row < count; row++)
      at = kernel.escapeJson(slot.starts[row]!, slot.lengths[row]!, out, at);
    return at;
  };
  const entry = (name: string, records: number, bytes: number, run: () => number): Case => ({
    name: `${name} (${corpus})`,
    records,
    bytes,
    times: [],
    run,
  });
  return [
    entry('scanLines', count, length, () => kernel.scanLines(slot, scan).count),
    entry('appendRecords', count, length, () => {
      kernel.appendRecords(target, 0, 0, slot, length, count);
      return count;
    }),
    entry('joinLines, all', count, length, () => kernel.joinLines(all, out, 0)),
    entry('joinLines, every other', count >> 1, length >> 1, () => kernel.joinLines(half, out, 0)),
    entry('lokiStream', count, length, () => kernel.lokiStream(all, kernel.scratch, 0, loki)),
    entry('Loki body', count, length, () => body(null, false)),
    entry('Loki body, unstamped rows', count, length, () =>
      body({ ...stamp, rows: new Uint32Array(0) }, true),
    ),
    entry('Loki body, trace id of a tenth', count, length, () => body({ ...stamp, rows: tenth }, true)),
    entry('Loki body, trace id, plain', count, length, () => body(stamp, false)),
    entry('Loki body, trace id, fused', count, length, () => body(stamp, true)),
    entry('Loki body, both ids, fused', count, length, () => body({ ...stamp, spanIds: true }, true)),
    entry('otlpLogRecords', count, length, () => kernel.otlpLogRecords(all, kernel.scratch, 0, otlp)),
    entry('encodeSpans, compact', count, count * templates.compact.bytes.length, () =>
      encodeSpans(templates.compact),
    ),
    entry('encodeSpans, waterfall', count, count * templates.waterfall.bytes.length, () =>
      encodeSpans(templates.waterfall),
    ),
    entry('the same compressed, compact', count, deflateSpans(templates.compact), () =>
      deflateSpans(templates.compact),
    ),
    entry('the same compressed, waterfall', count, deflateSpans(templates.waterfall), () =>
      deflateSpans(templates.waterfall),
    ),
    entry('the same of a tenth, hybrid', tenth.length, deflateSpans(templates.hybrid, sampled), () =>
      deflateSpans(templates.hybrid, sampled),
    ),
    entry('extractContexts', count, length, () => kernel.extractContexts(all)),
    entry('maySaySampled', count, length, () => Number(kernel.maySaySampled(all))),
    entry('escapeJson', count, length, escapeAll),
    entry('snappy of text', count, length, () => kernel.snappy(slot, length, out)),
    entry('snappy of a Loki body', count, pushLength, () => kernel.snappy(push, pushLength, out)),
  ];
}

const kernel = Kernel.create({
  memoryBytes: 16 * SLOT_BYTES,
  slotBytes: SLOT_BYTES,
  slotRecords: 20_000,
  spanBytes: 2 ** 26,
});
const all = [
  ...cases(kernel, 'nginx', nginxLine),
  ...cases(kernel, 'json', jsonLine),
  ...cases(kernel, 'json+ids', jsonLineWithContext).filter(({ name }) =>
    /extractContexts|maySaySampled/.test(name),
  ),
];
// The engine compiles a function well only after it ran for a while.
for (let i = 0; i < 20; i++) for (const { run } of all) run();
for (let i = 0; i < REPETITIONS; i++) {
  for (const { run, times } of all) {
    const start = performance.now();
    run();
    times.push(performance.now() - start);
  }
}

console.log(`${'function'.padEnd(36)} ns/record    MiB/s   B/record   out/in`);
for (const { name, records, bytes, times, run } of all) {
  times.sort((a, b) => a - b);
  const ms = times[times.length >> 1]!;
  const cells = [
    ((ms * 1e6) / records).toFixed(1).padStart(9),
    (bytes / 2 ** 20 / (ms / 1e3)).toFixed(0).padStart(8),
    (bytes / records).toFixed(0).padStart(10),
    /^snappy|^Loki/.test(name) ? (run() / bytes).toFixed(3).padStart(8) : '',
  ];
  console.log(name.padEnd(36), ...cells);
}
