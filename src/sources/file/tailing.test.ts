/** Random histories of files under log rotation, against a model of what must arrive. */
import { closeSync, ftruncateSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Rig } from './rig.ts';

/** A file of the model: what was written to it since it was last truncated. */
interface Written {
  readonly fd: number;
  path: string | null;
  /** Complete lines, and the start of one that is not. */
  lines: string[];
  partial: string;
  /** The source has had time to open it. */
  known: boolean;
  /** A position of it is stored, so that it is found again after a restart. */
  stored: boolean;
}

type Step =
  | { do: 'write'; file: number; lines: number; partial: boolean; width: number }
  | { do: 'rotate'; file: number; matched: boolean; reopen: boolean }
  | { do: 'truncate' | 'delete'; file: number }
  | { do: 'pass'; ms: number }
  | { do: 'restart'; rotate: number | null };

const file = fc.nat(2);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      file,
      lines: fc.nat(40),
      partial: fc.boolean(),
      width: fc.nat(200),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('rotate' as const),
      file,
      matched: fc.boolean(),
      reopen: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('truncate' as const, 'delete' as const), file }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(250, 500, 1000, 2000) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), rotate: fc.option(file) }) },
);

class Model {
  readonly #rig: Rig;
  readonly #open: (Written | undefined)[] = [];
  readonly #all: Written[] = [];
  /** Lines that must arrive exactly once, with their files for the order; and those that may have been lost to truncation. */
  readonly must: string[][] = [];
  readonly may = new Set<string>();
  #count = 0;

  constructor(rig: Rig) {
    this.#rig = rig;
  }

  write(number: number, { lines, partial, width }: { lines: number; partial: boolean; width: number }): void {
    const file = this.#open[number] ?? this.#create(number);
    this.#open[number] = file;
    let text = '';
    for (let line = 0; line < lines; line++) {
      const rest = `#${this.#count++}${'.'.repeat((width * (line + 7)) % 211)}`;
      file.lines.push(file.partial + rest);
      file.partial = '';
      text += `${rest}\n`;
    }
    if (partial) {
      const start = `~${this.#count++}`;
      file.partial += start;
      text += start;
    }
    writeSync(file.fd, text);
  }

  rotate(number: number, matched: boolean, reopen: boolean): void {
    const file = this.#open[number];
    if (file === undefined || file.path === null) return;
    if (!matched && !file.known) this.#giveUp(file);
    const target = this.#rig.path(`${number}.${matched ? 'log' : 'old'}.${this.#count++}`);
    renameSync(file.path, target);
    file.path = target;
    if (reopen) this.#open[number] = undefined;
    else if (!matched) this.#open[number] = undefined;
  }

  truncate(number: number): void {
    const file = this.#open[number];
    if (file === undefined) return;
    this.#giveUp(file);
    file.stored = false;
    ftruncateSync(file.fd);
    file.lines = [];
    file.partial = '';
  }

  delete(number: number): void {
    const file = this.#open[number];
    if (file === undefined || file.path === null) return;
    if (!file.known) this.#giveUp(file);
    rmSync(file.path);
    file.path = null;
    this.#open[number] = undefined;
  }

  /** The source has looked at everything. */
  settled(): void {
    for (const file of this.#all) {
      file.known = true;
      if (file.lines.length > 0) file.stored = true;
    }
  }

  /** Without a running source, files are out of reach that are gone, or of which nothing was read and which no pattern matches. */
  stopped(): void {
    for (const file of this.#all) {
      if (file.path === null || !(file.stored || file.path.includes('.log'))) this.#giveUp(file);
      file.known = file.stored;
    }
  }

  finish(): void {
    for (const file of this.#all) {
      this.must.push(file.lines);
      if (file.path === null || !file.path.includes('.log')) this.may.add(file.partial);
      closeSync(file.fd);
    }
  }

  #create(number: number): Written {
    const path = this.#rig.path(`${number}.log`);
    const file = { fd: openSync(path, 'a'), path, lines: [], partial: '', known: false, stored: false };
    this.#all.push(file);
    return file;
  }

  /** From now on it is unknowable whether what the file holds arrives. */
  #giveUp(file: Written): void {
    for (const line of file.lines.splice(0)) this.may.add(line);
    if (file.partial !== '') this.may.add(file.partial);
  }
}

async function play(steps: readonly Step[]): Promise<void> {
  const rig = new Rig({ slotBytes: 4096, slotRecords: 64 });
  try {
    const model = new Model(rig);
    const options = { include: ['*.log', '*.log.*'], max_line_bytes: '2KiB' };
    await rig.start(options);
    for (const now of steps) {
      if (now.do === 'write') model.write(now.file, now);
      else if (now.do === 'rotate') model.rotate(now.file, now.matched, now.reopen);
      else if (now.do === 'truncate') model.truncate(now.file);
      else if (now.do === 'delete') model.delete(now.file);
      else if (now.do === 'pass') {
        await rig.pass(now.ms);
        if (now.ms >= 1000) model.settled();
      } else if (now.do === 'restart') {
        await rig.stop();
        model.stopped();
        if (now.rotate !== null) model.rotate(now.rotate, false, true);
        await rig.start(options);
        model.settled();
      }
    }
    await rig.pass(12_000);
    model.finish();

    const places = new Map<string, number[]>();
    rig.texts().forEach((text, place) => {
      places.set(text, [...(places.get(text) ?? []), place]);
    });
    for (const lines of model.must) {
      const order = lines.map((line) => {
        expect(places.get(line), `how often ${line} arrived`).toHaveLength(1);
        return places.get(line)![0]!;
      });
      expect(order).toEqual(order.toSorted((a, b) => a - b));
    }
    const known = new Set([...model.must.flat(), ...model.may]);
    for (const [text, found] of places) {
      expect(known.has(text), `"${text}" was written`).toBe(true);
      expect(found, `how often "${text}" arrived`).toHaveLength(1);
    }
  } finally {
    await rig.dispose();
  }
}

test('every line that can be read arrives once and in order, whatever happens to its file', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), play), {
    numRuns: Number(process.env.TAILING_RUNS ?? 150),
  });
});
