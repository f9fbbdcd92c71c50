import type { Sink } from '../../component/sink.ts';
import type { Context } from '../../component/spec.ts';
import type { Delivery } from '../../record/delivery.ts';
import { judge, type Verdict } from './answer.ts';
import type { BodyEncoder, BodyParts } from './body.ts';
import { LokiClient } from './client.ts';
import { JsonBody } from './json-body.ts';
import { StreamLabels } from './labels.ts';
import { Metadata } from './metadata.ts';
import { ProtobufBody } from './protobuf-body.ts';
import type { Range } from './range.ts';
import { Rejections } from './rejections.ts';
import type { LokiConfig } from './schema.ts';
import { Timestamps } from './timestamps.ts';

/**
 * Sends a delivery as one request, or as several where it does not fit or where Loki refuses some records. What Loki
 * refuses is narrowed down by halving, down to single records: those it accepted on the way arrive twice under the
 * same time, and Loki keeps one. It never waits between attempts; the dispatcher does.
 */

/**
 * How often a delivery may be halved. One bad record among 50,000 takes 16; when many are bad all over, the rest is
 * given up in larger parts, with good records among them, rather than sent one by one.
 */
const MAX_HALVINGS = 64;

interface Outcome {
  /** The request held the records up to here. */
  readonly end: number;
  /** Size of its body before compression. */
  readonly rawBytes: number;
  readonly verdict: Verdict;
}

export class LokiSink implements Sink {
  readonly concurrency: number;
  readonly #context: Context;
  readonly #client: LokiClient;
  readonly #labels: StreamLabels;
  readonly #metadata: Metadata;
  readonly #timestamps: Timestamps;
  readonly #encoder: BodyEncoder;
  readonly #rejections = new WeakMap<Delivery, Rejections>();
  readonly #warned = new Set<string>();
  /** Shrinks when Loki finds a body too large. */
  #maxBytes: number;
  #requests = 0;
  #records = 0;
  #bytes = 0;
  #sentBytes = 0;
  #refused = 0;

  constructor(config: LokiConfig, context: Context) {
    this.concurrency = config.concurrency;
    this.#context = context;
    this.#labels = new StreamLabels(config.labels, config.max_streams);
    this.#metadata = new Metadata(config.structured_metadata, context.kernel);
    this.#timestamps = new Timestamps(context.clock);
    const parts: BodyParts = {
      kernel: context.kernel,
      clock: context.clock,
      labels: this.#labels,
      metadata: this.#metadata,
      timestamps: this.#timestamps,
      ownTimes: config.timestamp === 'record',
    };
    this.#encoder =
      config.format === 'protobuf'
        ? new ProtobufBody(parts)
        : new JsonBody(parts, config.compression === 'none' ? 'none' : 'gzip');
    this.#maxBytes = config.max_request_bytes;
    this.#client = new LokiClient(config, context.clock, this.#encoder.headers);
  }

  async open(): Promise<void> {
    await this.#client.open();
  }

  async write(delivery: Delivery, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    // Before the first wait, so that times follow the order of deliveries even when several are under way.
    for (const segment of delivery.segments) this.#timestamps.firstNs(segment);
    let rejections = this.#rejections.get(delivery);
    if (rejections === undefined) {
      rejections = new Rejections(delivery);
      this.#rejections.set(delivery, rejections);
    }
    await this.#send(delivery, rejections, signal);
    this.#warnAboutLimits();
    const error = rejections.error();
    this.#refused += rejections.count;
    this.#records += delivery.records - rejections.count;
    if (error !== undefined) throw error;
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  status() {
    return {
      records: this.#records,
      refused_records: this.#refused,
      requests: this.#requests,
      bytes: this.#bytes,
      sent_bytes: this.#sentBytes,
      active_streams: this.#labels.active,
      overflowed_streams: this.#labels.overflowed,
      labels_left_out: this.#labels.labelsLeftOut,
    };
  }

  /** Works off the delivery from its first record that is not accepted yet, strictly in order. */
  async #send(delivery: Delivery, rejections: Rejections, signal: AbortSignal): Promise<void> {
    // Last is next.
    const open: Range[] = [{ from: delivery.accepted, to: delivery.records }];
    let halvings = 0;
    for (let range = open.pop(); range !== undefined; range = open.pop()) {
      if (range.from === range.to) continue;
      const { end, rawBytes, verdict } = await this.#request(delivery, range, signal);
      if (end < range.to) open.push({ from: end, to: range.to });
      const sent = { from: range.from, to: end };
      const count = end - range.from;
      if (verdict.kind === 'accepted') {
        delivery.accepted = end;
      } else if (verdict.kind === 'retry') {
        throw verdict.error;
      } else if (verdict.kind === 'no_metadata') {
        this.#withoutMetadata();
        open.push(sent);
      } else if (verdict.kind === 'too_large' && count > 1) {
        this.#shrink(rawBytes);
        open.push(sent);
      } else if (verdict.kind === 'refused' && verdict.count < count && halvings < MAX_HALVINGS) {
        halvings++;
        const middle = range.from + Math.ceil(count / 2);
        open.push({ from: middle, to: end }, { from: range.from, to: middle });
      } else {
        rejections.add(sent, verdict.kind === 'refused' ? verdict.reason : 'too_large', verdict.message);
        delivery.accepted = end;
      }
    }
  }

  /** One request with as much of the range as fits: the records up to `end`. */
  async #request(delivery: Delivery, range: Range, signal: AbortSignal): Promise<Outcome> {
    const { kernel, clock } = this.#context;
    const region = await kernel.outputs.acquire(signal);
    try {
      const body = await this.#encoder.encode(delivery, range, this.#maxBytes, region);
      if (body.end === range.from) {
        const message = 'a record is larger than the largest body (dispatcher.batch_bytes)';
        return {
          end: range.from + 1,
          rawBytes: 0,
          verdict: { kind: 'refused', reason: 'too_large', count: 1, message },
        };
      }
      this.#requests++;
      this.#sentBytes += body.bytes.length;
      const answer = await this.#client.post(body.bytes, signal);
      const verdict = judge(answer, clock.toEpoch(clock.now()));
      if (verdict.kind === 'accepted') this.#bytes += body.rawBytes;
      return { end: body.end, rawBytes: body.rawBytes, verdict };
    } finally {
      kernel.outputs.give(region);
    }
  }

  #shrink(rawBytes: number): void {
    this.#maxBytes = Math.min(this.#maxBytes, Math.ceil(rawBytes / 2));
    this.#warnOnce(
      'too_large',
      'Loki finds bodies too large and gets smaller ones; set max_request_bytes to its limit',
    );
  }

  #withoutMetadata(): void {
    this.#metadata.disable();
    this.#warnOnce(
      'no_metadata',
      'Loki takes no structured metadata (limits_config.allow_structured_metadata); records go without',
    );
  }

  #warnAboutLimits(): void {
    if (this.#labels.overflowed > 0) {
      this.#warnOnce('overflowed', 'max_streams reached: new files lose the labels that name them');
    }
    if (this.#labels.labelsLeftOut > 0) {
      this.#warnOnce('labels', 'too many labels for Loki: some labels of sources are left out');
    }
  }

  #warnOnce(about: string, message: string): void {
    if (this.#warned.has(about)) return;
    this.#warned.add(about);
    this.#context.log.warn({ sink: this.#context.id }, message);
  }
}
