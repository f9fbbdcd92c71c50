/**
 * Command line of the fault laboratory: `npm run test:faults -- --seed 1 --runs 20 --seconds 600`. Plays one plan after
 * the other, or several side by side, prints a line for each, and ends with 1 when one of them was bad.
 */
import { accessSync, constants } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Outcome, play } from './laboratory.ts';
import { planOf } from './plan.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '0' },
    steps: { type: 'string', default: '60' },
    parallel: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
  },
});
const first = Number(values.seed);
const runs = Number(values.runs);
const deadline = Number(values.seconds) > 0 ? performance.now() + Number(values.seconds) * 1000 : Infinity;
const smallDisk = process.getuid?.() === 0 && canMount();
if (!smallDisk) console.log('without full disks: mounting a small one takes root');

/** SIGTERM ends the series after the runs that are being played, so that nothing of them is left behind. */
let isInterrupted = false;
process.once('SIGTERM', () => {
  isInterrupted = true;
});

const outcomes: Outcome[] = [];
let next = first;
await Promise.all(Array.from({ length: Number(values.parallel) }, playOn));

/** Plays the next seeds, until there are none left. */
async function playOn(): Promise<void> {
  while (next < first + runs && performance.now() < deadline && !isInterrupted) {
    const plan = planOf(next++, { steps: Number(values.steps), smallDisk });
    const outcome = await play(plan, { keeps: values.keep });
    outcomes.push(outcome);
    report(outcome);
  }
}

function report(outcome: Outcome): void {
  const { seed, lines, kills, starts, rotations, faults, tookMs } = outcome;
  const repeated = sum(Object.values(outcome.repeated));
  const excused = sum(Object.values(outcome.excused));
  console.log(
    `seed ${seed}: ${faults.length === 0 ? 'good' : 'BAD'}  ${lines} lines, ${excused} excused, ${repeated} repeated, ${starts} starts, ${kills} kills, ${rotations} rotations, ${(tookMs / 1000).toFixed(1)} s`,
  );
  for (const fault of faults) console.log(`  ${fault}`);
  if (outcome.folder !== undefined) console.log(`  kept in ${outcome.folder}`);
}

const bad = outcomes.filter(({ faults }) => faults.length > 0);
const names = bad.map(({ seed }) => seed).toSorted((a, b) => a - b);
console.log(
  `\n${outcomes.length} runs (seeds ${first} to ${first + outcomes.length - 1}), ${bad.length} bad${bad.length > 0 ? `: ${names.join(', ')}` : ''}`,
);
console.log(
  `${sum(outcomes.map(({ lines }) => lines))} lines, ${sum(outcomes.map(({ starts }) => starts))} starts, ${sum(outcomes.map(({ kills }) => kills))} kills, ${sum(outcomes.map(({ rotations }) => rotations))} rotations`,
);
console.log('excused:', total(outcomes.map(({ excused }) => excused)));
console.log('repeated:', total(outcomes.map(({ repeated }) => repeated)));
process.exitCode = bad.length > 0 ? 1 : 0;

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}

function total(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const all: Record<string, number> = {};
  for (const record of records) {
    for (const [key, count] of Object.entries(record)) all[key] = (all[key] ?? 0) + count;
  }
  return all;
}

function canMount(): boolean {
  try {
    accessSync('/bin/mount', constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
