/** Reads the dead letters of a sink: what it refused must be there, byte for byte. Called by the laboratory. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOf, type DeadLetter } from '../../src/dispatcher/dead-letters/dead-letter.ts';
import { readLine } from './numbered-line.ts';
import type { Receiver } from './receiver.ts';

export function readLetters(folder: string, seed: number, receivers: readonly Receiver[]): void {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  } catch {
    return;
  }
  for (const name of names) {
    const lines = readFileSync(join(folder, name), 'utf8').split('\n');
    // The last one may be torn, by a kill or by a full disk, and then its log was not done with.
    for (const text of lines) {
      let letter: DeadLetter;
      try {
        letter = JSON.parse(text) as DeadLetter;
      } catch {
        continue;
      }
      const id = readLine(seed, bytesOf(letter));
      const receiver = receivers.find((each) => each.name === letter.sink);
      if (id !== undefined) receiver?.dead.add(`${id.file}.${id.seq}`);
    }
  }
}
