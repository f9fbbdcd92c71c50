/**
 * The disk under the state and the output of the agent, which can be filled when it is a small one, and the stored
 * positions on it, which can be damaged. Called by the laboratory.
 */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { decodePositions } from '../../src/dispatcher/position-file.ts';
import type { Step } from './plan.ts';

/** Size of the small disk, in bytes: the largest run fits, and it is filled in a moment. */
const SMALL_DISK_BYTES = 64 * 2 ** 20;
const BLOCK_BYTES = 2 ** 16;

export interface StoredPositions {
  /** By the keys of their files, the paths under which these were found. */
  readonly paths: ReadonlyMap<string, string>;
  /** Some may be missing. */
  readonly isDamaged: boolean;
}

export class StateDisk {
  readonly path: string;
  readonly #isSmall: boolean;
  isFull = false;

  /** `isSmall`: mounts a file system of its own, which takes root. */
  constructor(path: string, { isSmall }: { isSmall: boolean }) {
    this.path = path;
    this.#isSmall = isSmall;
    mkdirSync(path);
    if (isSmall) execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SMALL_DISK_BYTES}`, 'tmpfs', path]);
  }

  get #positions(): string {
    return join(this.path, 'state', 'positions');
  }

  /** What is stored now. */
  stored(): StoredPositions {
    let text: string;
    try {
      text = readFileSync(this.#positions, 'utf8');
    } catch {
      // Nothing was stored yet, or it was deleted.
      return { paths: new Map(), isDamaged: false };
    }
    const { entries, damage } = decodePositions(text);
    const paths = new Map(entries.map(([, key, value]) => [key, (value as { path: string }).path]));
    return { paths, isDamaged: damage.length > 0 };
  }

  /** False when there is nothing to damage. */
  damagePositions({ how, at }: Extract<Step, { do: 'corrupt' }>): boolean {
    let raw: Buffer;
    try {
      raw = readFileSync(this.#positions);
    } catch {
      return false;
    }
    const place = Math.floor(at * raw.length);
    if (how === 'delete') rmSync(this.#positions);
    else if (how === 'cut') writeFileSync(this.#positions, raw.subarray(0, place));
    else if (how === 'garbage') writeFileSync(this.#positions, Buffer.alloc(raw.length, 0xa5));
    else {
      raw[place]! ^= 1 << (place % 8);
      writeFileSync(this.#positions, raw);
    }
    return true;
  }

  fill(): void {
    const filler = openSync(join(this.path, 'filler'), 'w');
    const block = Buffer.alloc(BLOCK_BYTES);
    try {
      for (let size = block.length; size > 0; ) {
        try {
          writeSync(filler, block, 0, size);
        } catch {
          size >>>= 1;
        }
      }
    } finally {
      closeSync(filler);
    }
    this.isFull = true;
  }

  free(): void {
    rmSync(join(this.path, 'filler'), { force: true });
    this.isFull = false;
  }

  /** Lets go of the disk. `copy`: where to leave what is on it, if it would be gone. */
  release(copy: string | undefined): void {
    if (!this.#isSmall) return;
    if (copy !== undefined) cpSync(this.path, copy, { recursive: true });
    execFileSync('umount', ['-l', this.path]);
  }
}
