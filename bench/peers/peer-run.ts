/** One measured run of another agent: a plain process with a folder of its own. Called by run.ts. */
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild } from '../child.ts';
import type { Corpus } from '../corpora.ts';
import type { Discard } from '../discard.ts';
import { measure, type Sample } from '../measure.ts';
import { same } from '../same-bytes.ts';
import { configText, type Peer, type Workload } from './peers.ts';

/** The peers offer no common way to ask whether they are ready. */
const START_MS = 1500;

export interface PeerSample extends Sample {
  /** What came out, in words. */
  readonly outcome: string;
}

export interface PeerWork {
  readonly peer: Peer;
  readonly binary: string;
  readonly workload: Workload;
  readonly corpus: Corpus;
  readonly folder: string;
  readonly discard: Discard;
}

/** @throws when the program ends early or does not get done. */
export async function runPeer({ peer, binary, workload, corpus, ...work }: PeerWork): Promise<PeerSample> {
  const folder = await mkdtemp(join(work.folder, `${peer.name}-`));
  const input = join(folder, 'in', 'corpus.log');
  const output = join(folder, 'output.log');
  const config = join(folder, `config.${peer.extension}`);
  await mkdir(join(folder, 'in'));
  await writeFile(
    config,
    await configText(peer, workload, { input, output, folder, port: work.discard.port }),
  );
  const before = await work.discard.stats();
  const child = await startChild(binary, peer.args(config, folder), { cwd: folder });
  try {
    await sleep(START_MS);
    const delivered = {
      null: null,
      file: async () => (await sizeOf(output)) >= corpus.bytes,
      http: async () => (await work.discard.stats()).lines - before.lines >= corpus.lines,
    }[workload];
    const sample = await measure({ child, corpus, input, delivered });
    await child.stop();
    const after = await work.discard.stats();
    const outcome = {
      null: () => 'not checked',
      file: () => compare(corpus, output),
      http: () => counted(corpus, after.lines - before.lines),
    }[workload];
    return { ...sample, outcome: await outcome() };
  } finally {
    await child.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

async function compare(corpus: Corpus, output: string): Promise<string> {
  if (await same(corpus.path, output)) return 'identical';
  let lines = 0;
  for await (const piece of createReadStream(output, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>) {
    for (let at = piece.indexOf(0x0a); at !== -1; at = piece.indexOf(0x0a, at + 1)) lines++;
  }
  return `${counted(corpus, lines)}, ${(await sizeOf(output)) - corpus.bytes} bytes more`;
}

function counted({ lines }: Corpus, got: number): string {
  return got === lines ? 'all lines' : `${got} of ${lines} lines`;
}
