/** A smallest working configuration of every component in the registry, for the contract suites. */
import { join } from 'node:path';

/** Own keys of a component's configuration, as a user would write them; `dir` is an empty folder. */
type Case = (dir: string) => Record<string, unknown>;

export const sourceCases: Readonly<Record<string, Case>> = {
  file: (dir) => ({ include: [join(dir, '*.log')] }),
  demo: () => ({ rate: 100 }),
  http: () => ({ listen: '127.0.0.1:0' }),
  stdin: () => ({}),
};

export const processorCases: Readonly<Record<string, Case>> = {
  parse_json: () => ({}),
  filter: () => ({ drop: 'text contains "a" and not level > info' }),
};

/** `refusing` is a configuration whose destination refuses everything; absent where a destination cannot. */
export const sinkCases: Readonly<Record<string, { working: Case; refusing?: Case }>> = {
  blackhole: { working: () => ({}) },
  file: {
    working: (dir) => ({ path: join(dir, '{source}.log') }),
    refusing: () => ({ path: '/dev/full' }),
  },
  stdout: { working: () => ({}) },
  // Nothing listens on port 9 (discard) of a test machine.
  loki: { working: () => ({ url: 'http://127.0.0.1:9' }), refusing: () => ({ url: 'http://127.0.0.1:9' }) },
};
