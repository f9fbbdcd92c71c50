/**
 * The demo source: a machine's worth of realistic logs without a machine. It writes real files below
 * `<state_dir>/demo` and reads them back with the tailing source it is given, so that everything that works on real
 * files (rotation, positions, multi-line text) can be seen at once. It never touches files of anybody else.
 * Called by the registry, which passes the file source in.
 */
import { join } from 'node:path';
import { z } from 'zod';
import type {
  Intake,
  Source,
  SourceContext,
  SourceFile,
  SourceSpec,
  SourceStatus,
} from '../../component/source.ts';
import { Random } from './random.ts';
import { Traffic } from './traffic.ts';

const schema = z.strictObject({
  rate: z
    .number()
    .min(0)
    .max(1_000_000)
    .default(50)
    .describe('Lines a second in all demo files together, 0 to 1000000; 0 writes nothing.'),
});

export type DemoSourceConfig = z.output<typeof schema>;

/** Makes the demo's spec from that of the source that tails files (keys `include`, `start_at`). */
export function demoSource(tail: SourceSpec): SourceSpec<'demo', typeof schema> {
  return {
    type: 'demo',
    summary:
      'Writes realistic logs to files below state_dir/demo (a web server, a JSON application with stack traces and trace ids, a chatty worker) and captures them like any other files.',
    schema,
    rereadable: true,
    build: (config, context) => new DemoSource(config, context, tail),
  };
}

class DemoSource implements Source {
  readonly #tail: Source;
  readonly #traffic: Traffic;

  constructor(config: DemoSourceConfig, context: SourceContext, tail: SourceSpec) {
    const folder = join(context.stateDir, 'demo');
    // Rotated files as well: what was not read when the agent was killed lies there.
    this.#tail = tail.build(
      tail.schema.parse({
        include: [join(folder, '*/*.log'), join(folder, '*/*.log.*')],
        start_at: 'beginning',
      }),
      context,
    );
    this.#traffic = new Traffic({
      folder,
      rate: config.rate,
      random: new Random(context.clock.toEpoch(context.clock.now())),
      clock: context.clock,
      log: context.log,
      backlog: () => this.#tail.status().streams.reduce((sum, { lag_bytes }) => sum + lag_bytes, 0),
    });
  }

  /** Ends when both have ended; when one fails, the other is stopped first. */
  async run(intake: Intake, signal: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    const stopOther = (error: unknown) => {
      failed.abort(error);
      throw error;
    };
    const results = await Promise.allSettled([
      this.#traffic.run(either).catch(stopOther),
      this.#tail.run(intake, either).catch(stopOther),
    ]);
    for (const result of results) {
      if (result.status === 'rejected') throw result.reason;
    }
  }

  status(): SourceStatus {
    const tail = this.#tail.status();
    return { ...tail, details: { ...tail.details, ...this.#traffic.status() } };
  }

  files(): Iterable<SourceFile> {
    return this.#tail.files?.() ?? [];
  }
}
