/**
 * The files the benchmarks read: web server lines in nginx's combined format (about 195 bytes each) and JSON lines of
 * a web shop (about 340 bytes, 15 to 18 keys). Made once from a fixed seed with the demo's generators and kept in the
 * cache folder, so that every run on every machine reads the same bytes. Called by the benchmarks.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { nginxLine } from '../src/sources/demo/nginx-line.ts';
import { Random } from '../src/sources/demo/random.ts';
import { shopLine } from '../src/sources/demo/shop-line.ts';

export type CorpusKind = 'nginx' | 'json';

export interface Corpus {
  readonly kind: CorpusKind;
  readonly path: string;
  readonly bytes: number;
  readonly lines: number;
}

const SEED = 20_261_122;
const FIRST_TIME = Date.parse('2026-11-22T00:00:00Z');
/** Time between two lines, in milliseconds. */
const STEP_MS = 0.4;
const WRITE_BYTES = 2 ** 20;
/** Raise it when the generators change, so that old files are not taken for new ones. */
const GENERATION = 1;

const LINES: Readonly<Record<CorpusKind, (random: Random, at: number) => string>> = {
  nginx: (random, at) => nginxLine(random, at),
  json: (random, at) => shopLine(random, at, { stackTraces: false }),
};

/** The corpus of at least `minBytes` bytes (whole lines) in `folder`, made now if it is not there. */
export async function corpus(kind: CorpusKind, minBytes: number, folder: string): Promise<Corpus> {
  const path = join(folder, `${kind}-${minBytes}-${GENERATION}.log`);
  const known = await readKnown(path);
  if (known !== undefined) return { kind, path, ...known };
  await mkdir(folder, { recursive: true });
  const made = await write(kind, minBytes, `${path}.part`);
  await rename(`${path}.part`, path);
  await writeFile(`${path}.json`, JSON.stringify(made));
  return { kind, path, ...made };
}

interface Size {
  readonly bytes: number;
  readonly lines: number;
}

async function readKnown(path: string): Promise<Size | undefined> {
  try {
    const size = JSON.parse(await readFile(`${path}.json`, 'utf8')) as Size;
    return (await stat(path)).size === size.bytes ? size : undefined;
  } catch {
    return undefined;
  }
}

async function write(kind: CorpusKind, minBytes: number, path: string): Promise<Size> {
  const size = { bytes: 0, lines: 0 };
  await pipeline(pieces(kind, minBytes, size), createWriteStream(path));
  return size;
}

/** Makes the corpus piece by piece, counting into `size`. */
function* pieces(
  kind: CorpusKind,
  minBytes: number,
  size: { bytes: number; lines: number },
): Iterable<Buffer> {
  const random = new Random(SEED);
  while (size.bytes < minBytes) {
    const target = Math.min(WRITE_BYTES, minBytes - size.bytes);
    let text = '';
    while (text.length < target) {
      text += `${LINES[kind](random, FIRST_TIME + size.lines * STEP_MS)}\n`;
      size.lines++;
    }
    const piece = Buffer.from(text);
    size.bytes += piece.length;
    yield piece;
  }
}
