/**
 * A line that says which file and which place in it is its own, with a checksum over all of it: `@seed.file.seq.crc payload`.
 * Payloads are of random length, some very long, some not UTF-8, some ending with a carriage return.
 */
import { crc32 } from 'node:zlib';
import type { Random } from './random.ts';

export interface LineId {
  readonly file: number;
  readonly seq: number;
}

const LF = 10;
const CR = 13;
const HEADER = /^@(\d+)\.(\d+)\.(\d+)\.([0-9a-f]{8}) /;

/** The line without its terminator. `isText`: no bytes that are not ASCII. */
export function numberedLine(
  seed: number,
  { file, seq }: LineId,
  random: Random,
  options: { isText?: boolean } = {},
): Buffer {
  const payload = payloadOf(random, options.isText ?? false);
  const name = `${seed}.${file}.${seq}`;
  return Buffer.concat([Buffer.from(`@${name}.${checksum(name, payload)} `), payload]);
}

/** Which line it is; undefined when a byte of it is not as it was written. A carriage return at its end does not count. */
export function readLine(seed: number, line: Buffer): LineId | undefined {
  const match = HEADER.exec(line.toString('latin1', 0, 80));
  if (match === null || Number(match[1]) !== seed) return undefined;
  const end = line.at(-1) === CR ? line.length - 1 : line.length;
  const payload = line.subarray(match[0].length, end);
  const name = `${match[1]}.${match[2]}.${match[3]}`;
  if (checksum(name, payload) !== match[4]) return undefined;
  return { file: Number(match[2]), seq: Number(match[3]) };
}

function checksum(name: string, payload: Buffer): string {
  return crc32(payload, crc32(name)).toString(16).padStart(8, '0');
}

function payloadOf(random: Random, isText: boolean): Buffer {
  const kind = random.weighted({ text: 12, bytes: isText ? 0 : 2, long: 0.3, none: 1 });
  if (kind === 'none') return Buffer.alloc(0);
  const length = kind === 'long' ? random.int(5_000, 40_000) : random.int(1, 250);
  const payload = Buffer.alloc(length);
  // One random number for four bytes: long payloads must not cost more than the agent.
  for (let at = 0; at < length; at += 4) {
    const word = random.int(0, 0xffffffff);
    for (let byte = 0; byte < 4 && at + byte < length; byte++) {
      const value = (word >>> (8 * byte)) & 0xff;
      payload[at + byte] = kind === 'bytes' ? value : 32 + (value % 95);
    }
  }
  for (let at = 0; at < length; at++) {
    if (payload[at] === LF || payload[at] === CR) payload[at] = 46;
  }
  return payload;
}
