/** What is going to happen in a run: everything in it follows from the seed. */
import { Random } from './random.ts';

export type Step =
  | { readonly do: 'write'; readonly log: string; readonly lines: number }
  | { readonly do: 'write_stale'; readonly log: string; readonly lines: number }
  | { readonly do: 'rename'; readonly log: string; readonly keepsWriter: boolean }
  | { readonly do: 'copytruncate'; readonly log: string; readonly between: number; readonly copies: boolean }
  | { readonly do: 'post'; readonly lines: number }
  | { readonly do: 'recreate' | 'swap' | 'compress'; readonly log: string }
  | { readonly do: 'wait'; readonly ms: number }
  /** A wait until all that must have arrived has. */
  | { readonly do: 'settle' }
  | { readonly do: 'kill' | 'stop' | 'start' | 'reload' | 'fill_disk' | 'free_disk' }
  | { readonly do: 'corrupt'; readonly how: 'flip' | 'cut' | 'delete' | 'garbage'; readonly at: number }
  | { readonly do: 'sink'; readonly behaviour: SinkBehaviour };

/** How the Loki stub treats requests. `mixed`: each one differently. */
export type SinkBehaviour =
  | 'normal'
  | 'slow'
  | 'too_many'
  | 'unavailable'
  | 'hang'
  | 'cut'
  | 'lost'
  | 'partial'
  | 'mixed';

export interface Plan {
  readonly seed: number;
  readonly sinks: readonly ('loki' | 'file')[];
  /** Whether the patterns of the source also match rotated files, and whether it reads archives. */
  readonly matchesRotated: boolean;
  readonly archives: boolean;
  /** Whether there is a source that cannot be read again, and a disk buffer for it. */
  readonly http: boolean;
  readonly buffer: 'none' | 'interval' | 'always';
  readonly memoryKiB: number;
  readonly batchKiB: number;
  readonly batchSize: number;
  readonly batchTimeoutMs: number;
  readonly pollMs: number;
  readonly scanMs: number;
  readonly maxOpenFiles: number;
  readonly lokiConcurrency: number;
  readonly onSmallDisk: boolean;
  readonly steps: readonly Step[];
}

/** `smallDisk`: whether a small disk can be mounted, to be filled. */
export function planOf(seed: number, options: { steps: number; smallDisk: boolean }): Plan {
  const random = new Random(seed);
  const logs = ['a.log', 'b.log', 'link.log', 'c.log'].slice(0, random.int(1, 4));
  const onSmallDisk = options.smallDisk && random.chance(0.25);
  const plan = {
    seed,
    sinks: random.pick([['loki'], ['file'], ['loki', 'file'], ['loki', 'file']] as const),
    matchesRotated: random.chance(0.4),
    archives: random.chance(0.4),
    memoryKiB: random.pick([2048, 4096, 8192]),
    batchKiB: random.pick([96, 128, 256]),
    batchSize: random.pick([100, 1000, 5000]),
    batchTimeoutMs: random.pick([5, 20, 100, 200]),
    pollMs: random.pick([10, 20, 100]),
    scanMs: random.pick([20, 50, 200]),
    maxOpenFiles: random.pick([4, 1024, 1024, 1024]),
    lokiConcurrency: random.pick([1, 2, 4]),
    onSmallDisk,
    http: random.chance(0.5),
    buffer: random.pick(['none', 'interval', 'always'] as const),
  };
  const steps: Step[] = logs.map((log) => ({ do: 'write', log, lines: random.int(1, 30) }));
  steps.push({ do: 'start' });
  let up = true;
  let full = false;
  while (steps.length < options.steps) {
    const log = random.pick(logs);
    const kind = random.weighted({
      write: 12,
      wait: 9,
      write_stale: 2,
      post: plan.http ? 5 : 0,
      rename: 3,
      burst_of_renames: 1,
      copytruncate: 2,
      recreate: 1.5,
      swap: 2,
      compress: plan.archives ? 1.5 : 0,
      settle: 1,
      end: up ? 3 : 0,
      start: up ? 0 : 8,
      reload: up ? 1.5 : 0,
      corrupt: up ? 0 : 2,
      sink: 4,
      disk: onSmallDisk ? 2 : 0,
    });
    if (kind === 'write') {
      const lines = random.weighted({ few: 5, some: 4, many: 1 });
      const count = { few: [1, 5], some: [20, 200], many: [1000, 4000] }[lines] as [number, number];
      steps.push({ do: 'write', log, lines: random.int(...count) });
    } else if (kind === 'post') steps.push({ do: 'post', lines: random.int(1, 200) });
    else if (kind === 'wait') steps.push({ do: 'wait', ms: random.pick([1, 10, 30, 60, 150, 400]) });
    else if (kind === 'write_stale') steps.push({ do: 'write_stale', log, lines: random.int(1, 20) });
    else if (kind === 'rename') steps.push({ do: 'rename', log, keepsWriter: random.chance(0.3) });
    else if (kind === 'burst_of_renames') {
      for (let turn = random.int(2, 4); turn > 0; turn--) {
        steps.push({ do: 'write', log, lines: random.int(1, 50) });
        steps.push({ do: 'rename', log, keepsWriter: false });
      }
      steps.push({ do: 'write', log, lines: random.int(1, 5) });
    } else if (kind === 'copytruncate') {
      const copies = random.chance(0.8);
      steps.push({ do: kind, log, between: random.chance(0.3) ? random.int(1, 5) : 0, copies });
    } else if (kind === 'recreate' || kind === 'swap' || kind === 'compress') steps.push({ do: kind, log });
    else if (kind === 'settle') {
      if (up && !full) steps.push({ do: 'sink', behaviour: 'normal' }, { do: 'settle' });
    } else if (kind === 'end') {
      // After a moment in which something is likely to be on its way.
      steps.push({ do: 'write', log, lines: random.int(1, 300) }, { do: 'wait', ms: random.int(0, 80) });
      steps.push({ do: random.chance(0.75) ? 'kill' : 'stop' });
      up = false;
    } else if (kind === 'start') {
      if (full) steps.push({ do: 'free_disk' });
      steps.push({ do: 'start' });
      up = true;
      full = false;
    } else if (kind === 'reload') steps.push({ do: 'reload' });
    else if (kind === 'corrupt') {
      const how = random.pick(['flip', 'flip', 'cut', 'delete', 'garbage'] as const);
      steps.push({ do: 'corrupt', how, at: random.next() });
    } else if (kind === 'sink') {
      const behaviour = random.pick([
        'normal',
        'slow',
        'too_many',
        'unavailable',
        'hang',
        'cut',
        'lost',
        'partial',
        'mixed',
      ] as const);
      steps.push({ do: 'sink', behaviour });
    } else {
      steps.push({ do: full ? 'free_disk' : 'fill_disk' });
      full = !full;
    }
  }
  return { ...plan, steps };
}
