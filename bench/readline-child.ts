/**
 * The yardstick: Node's `readline` merely reading a file, with a listener for each line that only counts, and the
 * default buffer of 64 KiB. A program of its own, started by the benchmarks with the file as its argument. Prints one
 * line of JSON. Like with the agent, the start of the process is not counted.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

const path = process.argv[2];
if (path === undefined) {
  console.error('usage: readline-child.ts FILE');
  process.exit(2);
}

const cpuBefore = process.cpuUsage();
const wallBefore = performance.now();
let lines = 0;
const reader = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
reader.on('line', () => {
  lines++;
});
reader.on('close', () => {
  const wallMs = performance.now() - wallBefore;
  const cpu = process.cpuUsage(cpuBefore);
  const peakRssBytes = process.resourceUsage().maxRSS * 1024;
  console.log(JSON.stringify({ lines, cpuMs: (cpu.user + cpu.system) / 1000, wallMs, peakRssBytes }));
});
