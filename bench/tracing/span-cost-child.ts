/**
 * Makes and sends spans in a process of its own and prints what that cost, all threads included, as one line of JSON.
 * `node span-cost-child.ts ours|sdk compact|waterfall PORT LOGS`. Started by span-cost.ts.
 */
import { ourSpans } from './our-spans.ts';
import { sdkSpans } from './sdk-spans.ts';
import type { Shape } from './span-maker.ts';

const [maker, shape, port, logs] = process.argv.slice(2) as [string, Shape, string, string];
const spans = (maker === 'ours' ? ourSpans : sdkSpans)(shape, Number(port));
// The engine compiles a function well only after it ran for a while.
await spans.make(Number(logs) / 5);
const before = process.cpuUsage();
const count = await spans.make(Number(logs));
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ spans: count, cpuMs: (user + system) / 1000 }));
await spans.stop();
process.exit(0);
