import fc from 'fast-check';
import pino from 'pino';
import { describe, expect, test } from 'vitest';
import { FakeClock } from './component/fake-clock.ts';
import { sampleStatus } from './component/sample-status.ts';
import type { AgentStatus } from './component/status.ts';
import { LiveLine, startSummary, summaryLine } from './summary.ts';

/** A terminal of endless height that understands what LiveLine sends. */
class Screen {
  readonly isTTY: boolean = true;
  columns: number;
  written = '';
  readonly #rows: string[] = [''];
  #row = 0;
  #column = 0;

  constructor(columns = 200) {
    this.columns = columns;
  }

  write(text: string): boolean {
    this.written += text;
    for (const [token] of text.matchAll(/\p{Cc}\[\d*[AJK]|[\s\S]/gu)) this.#apply(token);
    return true;
  }

  /** What a person sees: rows without those that are empty at the end. */
  get rows(): string[] {
    return this.#rows.slice(0, this.#rows.findLastIndex((row) => row !== '') + 1);
  }

  /** Makes the terminal narrower: the row with the cursor, at its end, is wrapped. */
  narrow(columns: number): void {
    this.columns = columns;
    const row = this.#rows.pop()!;
    for (let at = 0; at < row.length; at += columns) this.#rows.push(row.slice(at, at + columns));
    this.#row = this.#rows.length - 1;
    this.#column = this.#rows.at(-1)!.length;
  }

  #apply(token: string): void {
    const row = this.#rows[this.#row]!;
    if (token === '\r') this.#column = 0;
    else if (token === '\n') this.#moveTo(this.#row + 1);
    else if (token === '\x1b[2K') this.#rows[this.#row] = '';
    else if (token === '\x1b[J') this.#rows.splice(this.#row, this.#rows.length, row.slice(0, this.#column));
    else if (token.startsWith('\x1b')) this.#row -= Number(token.slice(2, -1));
    else {
      if (this.#column === this.columns) this.#moveTo(this.#row + 1);
      const current = this.#rows[this.#row]!;
      this.#rows[this.#row] = current.slice(0, this.#column) + token + current.slice(this.#column + 1);
      this.#column++;
    }
  }

  #moveTo(row: number): void {
    this.#row = row;
    this.#column = 0;
    if (this.#rows[row] === undefined) this.#rows[row] = '';
  }
}

class Pipe extends Screen {
  override readonly isTTY = false;
}

function changed(changes: Partial<AgentStatus['dispatcher']>): AgentStatus {
  return { ...sampleStatus, dispatcher: { ...sampleStatus.dispatcher, ...changes } };
}

const rates = { records: 12_345, bytes: 4.2 * 2 ** 20 };

describe('the line', () => {
  test('says rates, what is under way, totals, losses and which sink is down', () => {
    expect(summaryLine(sampleStatus, rates, 200)).toBe(
      '12,345 logs/s   4.2 MiB/s   in flight 22   lag 150 B   delivered 60   dead-lettered 5   dropped 3   loki retrying (refused)',
    );
  });

  test('is short when all is well', () => {
    const well = {
      ...sampleStatus,
      sources: sampleStatus.sources.map((source) => ({
        ...source,
        streams: [],
        ledger: { ...source.ledger, delivered: 1_234_567, dead_lettered: 0, dropped: {} },
      })),
      sinks: [sampleStatus.sinks[0]!],
    };
    expect(summaryLine(well, rates, 200)).toBe(
      '12,345 logs/s   4.2 MiB/s   in flight 22   lag 0 B   delivered 1,234,567',
    );
  });

  test('says that the agent is draining', () => {
    expect(summaryLine({ ...sampleStatus, state: 'draining' }, rates, 200)).toMatch(
      /^draining {3}12,345 logs/,
    );
  });

  test('on a narrow terminal keeps the rate and the sink that is down', () => {
    expect(summaryLine(sampleStatus, rates, 45)).toBe('12,345 logs/s   loki retrying (refused)');
  });

  test('is never wider than the terminal', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), (width) => {
        expect(summaryLine(sampleStatus, rates, width).length).toBeLessThanOrEqual(width);
      }),
    );
  });

  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1_500_000, '1.4 MiB'],
    [5 * 2 ** 40, '5.0 TiB'],
  ])('shows a lag of %d bytes as %s', (lag_bytes, text) => {
    const [source] = sampleStatus.sources;
    const streams = [{ ...source!.streams[0]!, lag_bytes }];
    const line = summaryLine({ ...sampleStatus, sources: [{ ...source!, streams }] }, rates, 200);
    expect(line).toContain(`   lag ${text}   `);
  });
});

describe('the summary', () => {
  test('shows rates over the last interval', async () => {
    const clock = new FakeClock();
    const screen = new Screen();
    let status = changed({ records_done: 1000, bytes_done: 0 });
    const stop = startSummary({ status: () => status, clock, out: new LiveLine(screen), intervalMs: 500 });
    status = changed({ records_done: 3000, bytes_done: 2 ** 20 });
    await clock.advance(500);
    expect(screen.rows).toEqual([expect.stringMatching(/^4,000 logs\/s {3}2\.0 MiB\/s /)]);
    await clock.advance(500);
    expect(screen.rows).toEqual([expect.stringMatching(/^0 logs\/s {3}0\.0 MiB\/s /)]);
    stop();
  });

  test('leaves nothing behind when it stops, and no timer', async () => {
    const clock = new FakeClock();
    const screen = new Screen();
    const stop = startSummary({ status: () => sampleStatus, clock, out: new LiveLine(screen) });
    await clock.advance(3000);
    stop();
    stop();
    expect(screen.rows).toEqual([]);
    expect(clock.timers).toBe(0);
  });

  test('shows nothing where there is no terminal', async () => {
    const clock = new FakeClock();
    const pipe = new Pipe();
    const stop = startSummary({ status: () => sampleStatus, clock, out: new LiveLine(pipe) });
    await clock.advance(3000);
    stop();
    expect(pipe.written).toBe('');
  });
});

describe('with other output on the same terminal', () => {
  test('log lines stand above the live line, whole and in order', () => {
    const screen = new Screen();
    const line = new LiveLine(screen);
    line.show('live 1');
    line.write('first\n');
    line.show('live 2');
    line.write('second\nthird\n');
    expect(screen.rows).toEqual(['first', 'second', 'third', 'live 2']);
  });

  test('a logger can write through it', () => {
    const screen = new Screen(400);
    const line = new LiveLine(screen);
    const log = pino({ base: null, timestamp: false }, line);
    line.show('live');
    log.info('started');
    expect(screen.rows).toEqual(['{"level":30,"msg":"started"}', 'live']);
  });

  test('an unfinished line is not overwritten', () => {
    const screen = new Screen();
    const line = new LiveLine(screen);
    line.show('live 1');
    line.write('first ');
    line.show('live 2');
    expect(screen.rows).toEqual(['first ']);
    line.write('half\n');
    expect(screen.rows).toEqual(['first half', 'live 2']);
  });

  test('without a terminal other output passes unchanged', () => {
    const pipe = new Pipe();
    const line = new LiveLine(pipe);
    line.show('live');
    line.write('first\n');
    line.clear();
    expect(pipe.written).toBe('first\n');
  });

  test('whatever is shown and written, the written text stays intact above the last live line', () => {
    const text = fc.stringMatching(/^[a-z ]{0,30}$/);
    const steps = fc.array(
      fc.oneof(
        fc.record({ show: text }),
        fc.record({ write: fc.array(text, { minLength: 1, maxLength: 3 }) }),
        fc.constant({ clear: true }),
      ),
    );
    fc.assert(
      fc.property(steps, (sequence) => {
        const screen = new Screen(80);
        const line = new LiveLine(screen);
        const expected: string[] = [];
        let live = '';
        for (const step of sequence) {
          if ('show' in step) {
            live = step.show;
            line.show(live);
          } else if ('write' in step) {
            line.write(step.write.map((row) => `${row}\n`).join(''));
            expected.push(...step.write);
          } else {
            line.clear();
            live = '';
          }
        }
        const rows = [...expected, live];
        expect(screen.rows).toEqual(rows.slice(0, rows.findLastIndex((row) => row !== '') + 1));
      }),
    );
  });

  test('a line is cut before the last column, and control characters do not reach the terminal', () => {
    const screen = new Screen(10);
    new LiveLine(screen).show('\x1b[2Jab\ncdefghijkl');
    expect(screen.rows).toEqual(['?[2Jab?cd']);
  });

  test('after the terminal got narrower, every row of the wrapped line is removed', () => {
    const screen = new Screen(30);
    const line = new LiveLine(screen);
    line.write('above\n');
    line.show('1234567890123456789012345678');
    screen.narrow(10);
    expect(screen.rows).toHaveLength(4);
    line.show('live');
    expect(screen.rows).toEqual(['above', 'live']);
  });

  test('a terminal of unknown width counts as 80 columns wide', () => {
    const screen = new Screen(0);
    expect(new LiveLine(screen).width).toBe(79);
  });
});
