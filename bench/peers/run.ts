/**
 * `npm run bench:peers`: the agent beside other log agents that are on PATH, on the same file, in turns.
 * Method and reading: docs/benchmarks.md.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runAgent } from '../agent-run.ts';
import { corpus } from '../corpora.ts';
import { Discard } from '../discard.ts';
import { cpuRatio, figures } from '../figures.ts';
import { machine, machineText } from '../machine.ts';
import { readOptions } from '../options.ts';
import { fileSink, fileSinkOutput } from '../pipelines.ts';
import { shuffled } from '../statistics.ts';
import { range, table } from '../table.ts';
import { type PeerSample, runPeer } from './peer-run.ts';
import { onPath, PEERS, type Workload } from './peers.ts';

interface Subject {
  readonly name: string;
  readonly workload: Workload;
  /** What is sent where, in words. */
  readonly to: string;
  readonly run: () => Promise<PeerSample>;
  readonly samples: PeerSample[];
}

const options = readOptions(process.argv.slice(2));
await mkdir(options.folder, { recursive: true });
const folder = await mkdtemp(join(options.folder, 'peers-'));
const discard = await Discard.start();
try {
  const it = await corpus('nginx', options.corpusBytes, options.folder);
  const agent = (
    workload: Workload,
    to: string,
    sink: Record<string, unknown>,
    output?: string,
  ): Subject => ({
    name: 'log-capturer',
    workload,
    to,
    samples: [],
    run: async () => ({
      ...(await runAgent({ folder, corpus: it, sink, output })),
      outcome: output === undefined ? 'all lines' : 'identical',
    }),
  });
  const subjects: Subject[] = [
    agent('null', 'blackhole', { type: 'blackhole' }),
    agent('file', 'file', fileSink, fileSinkOutput),
    agent('http', 'Loki, snappy', { type: 'loki', url: `http://127.0.0.1:${discard.port}` }),
  ];
  const versions: string[] = [];
  for (const peer of PEERS) {
    const binary = onPath(peer.binary);
    if (binary === undefined) {
      versions.push(`${peer.name}: ${peer.binary} is not on PATH`);
      continue;
    }
    versions.push(
      `${peer.name}: ${execFileSync(binary, peer.versionArgs, { encoding: 'utf8' }).split('\n')[0]!.replace(' compiled with:', '')}`,
    );
    for (const workload of peer.workloads) {
      subjects.push({
        name: peer.name,
        workload,
        to: workload,
        samples: [],
        run: () => runPeer({ peer, binary, workload, corpus: it, folder, discard }),
      });
    }
  }
  const chosen = subjects.filter(({ name, to }) => `${name} ${to}`.includes(options.only));
  if (chosen.length === 0) throw new Error(`--only ${options.only}: nothing has this in its name`);

  const failed = new Set<Subject>();
  for (let repetition = 1; repetition <= options.repetitions; repetition++) {
    for (const subject of shuffled(chosen.filter((one) => !failed.has(one)))) {
      execFileSync('cat', [it.path], { stdio: ['ignore', 'ignore', 'inherit'] });
      let sample: PeerSample;
      try {
        sample = await subject.run();
      } catch (error) {
        // The others can still be compared.
        failed.add(subject);
        process.exitCode = 1;
        console.error(`${subject.name} to ${subject.to} failed: ${(error as Error).message}`);
        continue;
      }
      subject.samples.push(sample);
      console.error(
        `${repetition}/${options.repetitions}  ${subject.name} to ${subject.to}: ${(sample.cpuMs / 1000).toFixed(2)} s of CPU, ${sample.outcome}`,
      );
    }
  }

  console.log(machineText(machine()));
  console.log(versions.join('\n'));
  console.log(
    `${(it.bytes / 2 ** 20).toFixed(0)} MiB of nginx lines, ${it.lines.toLocaleString('en-US')} of them`,
  );
  for (const workload of ['null', 'file', 'http'] as const) {
    const group = chosen.filter((subject) => subject.workload === workload && !failed.has(subject));
    if (group.length === 0) continue;
    const ours = group.find(({ name }) => name === 'log-capturer');
    const rows = group.map(({ name, to, samples }) => {
      const { mibPerSecond, cpuNsPerLog, cpuSecondsPerGib, peakRssMib } = figures(samples, it);
      return [
        `${name} → ${to}`,
        range(mibPerSecond),
        range(cpuNsPerLog),
        range(cpuSecondsPerGib),
        range(peakRssMib),
        ours === undefined ? '-' : range(cpuRatio(samples, ours.samples)),
        [...new Set(samples.map(({ outcome }) => outcome))].join('; '),
      ];
    });
    const head = ['file →', 'MiB/s', 'CPU ns/log', 'CPU-s/GiB', 'peak RSS MiB', 'CPU / ours', 'came out'];
    console.log(`\n${table([head, ...rows])}`);
  }
  console.log(
    `\nMedian (min–max) of ${options.repetitions} repetitions, in random order. Counted from before the file appeared until all was delivered; starting the programs is not.`,
  );
  if (options.json !== undefined) {
    const results = chosen.map(({ name, workload, to, samples }) => ({ name, workload, to, samples }));
    const { bytes, lines } = it;
    await writeFile(
      options.json,
      `${JSON.stringify({ machine: machine(), versions, corpus: { bytes, lines }, results }, null, 2)}\n`,
    );
  }
} finally {
  await discard.stop();
  await rm(folder, { recursive: true, force: true });
}
