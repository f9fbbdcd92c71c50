import { appendFileSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { FileStreamUnderTest, removing, STARTED_AT, WhereRig } from '../../test/fixtures/where.ts';
import { PartialError, PermanentError, RetryableError } from '../component/errors.ts';
import type { Observer } from '../component/observer.ts';
import { traceIdOf } from '../kernel/trace-ids.ts';
import { recordUid } from '../record/record-uid.ts';
import { LineSearch } from './line-search.ts';

let rig: WhereRig;

afterEach(() => rig.close());

const start = (options?: ConstructorParameters<typeof WhereRig>[0]) => {
  rig = new WhereRig(options);
  return rig;
};

const byText = (text: string) => rig.where.where({ file: rig.path, text });

describe('delivered', () => {
  test('says which sinks acknowledged the line, when, and how long each stage took', async () => {
    start({ sinks: ['loki', 'archive'] });
    rig.read(['one', 'two']);
    await rig.seal();
    await rig.sink('loki').answer();
    await rig.clock.advance(1000);
    await rig.sink('archive').answer();
    const answer = await byText('two');
    expect(answer).toMatchObject({
      verdict: 'delivered',
      basis: 'seen',
      source: 'app',
      source_id: rig.path,
      file: rig.path,
      line: 2,
      offset: 4,
      sinks: [
        { id: 'loki', state: 'delivered', took_ms: 200, attempts: 1 },
        { id: 'archive', state: 'delivered', took_ms: 1200, attempts: 1 },
      ],
    });
    expect(answer.explanation).toBe(
      'app read it; loki and archive acknowledged it 1.20 s after it was read.',
    );
    expect(answer.stages).toEqual([
      { name: 'read', at: STARTED_AT },
      { name: 'queued', at: '2026-11-22T14:02:00.200Z', took_ms: 200 },
      { name: 'processed', at: '2026-11-22T14:02:00.200Z', took_ms: 0 },
      { name: 'done', at: '2026-11-22T14:02:01.200Z', took_ms: 1000 },
    ]);
  });

  test('is found by its number, by any of its bytes, and by its record uid', async () => {
    start();
    await rig.deliver(['one', 'two', 'three']);
    expect(await rig.where.where({ file: rig.path, line: 3 })).toMatchObject({
      verdict: 'delivered',
      offset: 8,
    });
    expect(await rig.where.where({ file: rig.path, offset: 5 })).toMatchObject({ offset: 4, line: 2 });
    const uid = recordUid({ source: 'app', id: rig.path }, Date.parse(STARTED_AT), 8n);
    const answer = await rig.where.where({ id: uid });
    expect(answer).toMatchObject({ verdict: 'delivered', basis: 'seen', line: 3, record_uid: uid });
  });

  test('lines that went alike one after the other are told of together', async () => {
    start();
    await rig.deliver(['one']);
    await rig.deliver(['two']);
    const { stages } = await byText('one');
    expect(stages[0]).toEqual({ name: 'read', at: STARTED_AT, until: '2026-11-22T14:02:00.200Z' });
    expect(rig.journal.passages.count).toBe(1);
  });

  test('several lines with the text are all answered for, the last one first', async () => {
    start();
    await rig.deliver(['x 1', 'x 2']);
    rig.write(['x 3']);
    const answer = await byText('x ');
    expect(answer).toMatchObject({ verdict: 'not_read_yet', line: 3, matches: 3, complete: true });
    expect(answer.others.map(({ line, verdict }) => [line, verdict])).toEqual([
      [2, 'delivered'],
      [1, 'delivered'],
    ]);
    const one = await rig.where.where({ file: rig.path, text: 'x ', limit: 1 });
    expect(one).toMatchObject({ line: 3, matches: 1, complete: false, others: [] });
  });

  test('text is looked for in all files when none is named', async () => {
    start();
    await rig.deliver(['needle']);
    expect(await rig.where.where({ text: 'needle' })).toMatchObject({ verdict: 'delivered', file: rig.path });
  });

  test('before this run: every sink was done with it, and that is all', async () => {
    start();
    rig.write(['old']);
    rig.file = { position: 4, committed: 4, began: 4 };
    const answer = await byText('old');
    expect(answer).toMatchObject({ verdict: 'delivered', basis: 'committed', sinks: [], stages: [] });
    expect(answer.explanation).toContain(
      `Before the agent began at ${STARTED_AT}, every sink was done with it`,
    );
  });

  test('in this run, after the details were forgotten', async () => {
    start({ memoryBytes: 0 });
    await rig.deliver(['one']);
    expect(await byText('one')).toMatchObject({ verdict: 'delivered', basis: 'forgotten', sinks: [] });
  });

  test('a file that rotation has renamed is found under both names', async () => {
    start();
    await rig.deliver(['one', 'two']);
    renameSync(rig.path, `${rig.path}.1`);
    writeFileSync(rig.path, 'new\n');
    expect(await byText('two')).toMatchObject({
      verdict: 'delivered',
      file: `${rig.path}.1`,
      source_id: rig.path,
    });
    expect(await rig.where.where({ file: `${rig.path}.1`, line: 1 })).toMatchObject({ verdict: 'delivered' });
    // What has the path now was not found yet.
    expect(await rig.where.where({ file: rig.path, line: 1 })).toMatchObject({ verdict: 'not_read_yet' });
    const { key } = rig.stream;
    expect(await rig.where.where({ file: rig.path, fileId: key, offset: 4 })).toMatchObject({
      verdict: 'delivered',
    });
  });

  test('a truncated file is not taken for what it held before', async () => {
    start();
    await rig.deliver(['one', 'two']);
    writeFileSync(rig.path, 'ONE\nTWO\n');
    rig.stream = new FileStreamUnderTest('app', rig.path);
    expect(await byText('ONE')).toMatchObject({ verdict: 'not_read_yet' });
  });
});

describe('in flight', () => {
  test('its batch is being filled', async () => {
    start();
    rig.read(['one']);
    const answer = await byText('one');
    expect(answer).toMatchObject({ verdict: 'in_flight', sinks: [], stages: [{ name: 'read' }] });
    expect(answer.explanation).toContain('Its batch is being filled');
  });

  test('some sinks have it, one refuses for now: why, and when it is tried again', async () => {
    start({ sinks: ['archive', 'loki'] });
    rig.read(['one']);
    await rig.seal();
    await rig.sink('archive').answer();
    await rig.sink('loki').answer(new RetryableError('connect ECONNREFUSED', { reason: 'refused' }));
    const answer = await byText('one');
    expect(answer).toMatchObject({
      verdict: 'in_flight',
      sinks: [
        { id: 'archive', state: 'delivered' },
        { id: 'loki', state: 'retrying', attempts: 1, reason: 'refused', message: 'connect ECONNREFUSED' },
      ],
    });
    expect(answer.sinks[1]!.next_try_in_seconds).toBeGreaterThan(0.2);
    expect(answer.explanation).toMatch(
      /^1 sink has it\. loki does not: connect ECONNREFUSED; next try in \d+ ms\./,
    );
  });

  test('a batch behind one that fails says what it waits for', async () => {
    start();
    rig.read(['one']);
    await rig.seal();
    rig.read(['two']);
    await rig.seal();
    await rig.sink().answer(new RetryableError('down', { reason: 'refused' }));
    expect(await byText('two')).toMatchObject({
      verdict: 'in_flight',
      sinks: [{ id: 'out', state: 'waiting', attempts: 0, message: 'down' }],
    });
  });

  test('it is being sent', async () => {
    start();
    rig.read(['one']);
    await rig.seal();
    expect(await byText('one')).toMatchObject({ verdict: 'in_flight', sinks: [{ state: 'sending' }] });
  });
});

describe('not read yet', () => {
  test('says how many bytes are ahead of it, and how long that takes at the present rate', async () => {
    start();
    await rig.deliver(['x'.repeat(999), 'x'.repeat(999)]);
    rig.write(['y'.repeat(999), 'z']);
    const answer = await byText('z');
    expect(answer).toMatchObject({
      verdict: 'not_read_yet',
      offset: 3000,
      ahead: { bytes: 1000, seconds: 0.5 },
    });
    expect(answer.explanation).toContain('1000 bytes are ahead of it, about 500 ms.');
  });

  test('says when the line has no end yet', async () => {
    start();
    appendFileSync(rig.path, 'unfinished');
    expect((await byText('unfinished')).explanation).toContain('Its line feed has not been written yet');
  });

  test('says when its source waits', async () => {
    start();
    rig.write(['one']);
    rig.state = 'waiting';
    expect((await byText('one')).explanation).toContain('app waits: memory for logs is full');
  });
});

describe('filtered', () => {
  test('says by which processor, and of the lines beside it that they were delivered', async () => {
    start({ processors: [removing(() => rig.kernel, 'drop'), removing(() => rig.kernel, 'debug')] });
    await rig.deliver(['keep 1', 'drop me', 'debug it', 'keep 2']);
    expect(await byText('drop me')).toMatchObject({
      verdict: 'filtered',
      filtered_by: 'filter (drop: text contains "drop")',
      sinks: [],
    });
    expect((await byText('debug it')).explanation).toBe(
      'filter (drop: text contains "debug") of app removed it. It was sent nowhere.',
    );
    for (const text of ['keep 1', 'keep 2'])
      expect(await byText(text)).toMatchObject({ verdict: 'delivered' });
  });

  test('is known while the rest of its batch is in flight', async () => {
    start({ processors: [removing(() => rig.kernel, 'drop')] });
    rig.read(['keep', 'drop']);
    await rig.seal();
    expect(await byText('drop')).toMatchObject({ verdict: 'filtered' });
    expect(await byText('keep')).toMatchObject({ verdict: 'in_flight' });
  });

  test('where lines were cut into several records it says what it does not know', async () => {
    start({ processors: [removing(() => rig.kernel, 'drop')] });
    await rig.deliver(['x'.repeat(3000), 'drop', 'keep']);
    const answer = await byText('keep');
    expect(answer).toMatchObject({ verdict: 'delivered', basis: 'uncertain' });
    expect(answer.explanation).toContain('whether it is one of them is not known');
  });
});

describe('refused', () => {
  test('by a sink that named it: dropped, with the number of those before it; the others were delivered', async () => {
    start({ sinks: ['audit', 'archive'] });
    rig.read(['good', 'bad', 'fine']);
    await rig.seal();
    await rig.sink('audit').answer(new PartialError('no', { reason: 'too_old', count: 1, indexes: [1] }));
    await rig.sink('archive').answer();
    const answer = await byText('bad');
    expect(answer).toMatchObject({
      verdict: 'dropped',
      sinks: [
        { id: 'audit', state: 'dropped', reason: 'too_old' },
        { id: 'archive', state: 'delivered' },
      ],
    });
    expect(answer.explanation).toBe(
      'It was dropped: audit refused it (too_old). 1 log was dropped for this reason since start. archive acknowledged it.',
    );
    for (const text of ['good', 'fine'])
      expect(await byText(text)).toMatchObject({ verdict: 'delivered', basis: 'seen' });
  });

  test('by a sink that did not say which', async () => {
    start();
    rig.read(['good', 'bad']);
    await rig.seal();
    await rig.sink().answer(new PartialError('no', { reason: 'too_old', count: 1 }));
    const answer = await byText('bad');
    expect(answer).toMatchObject({ verdict: 'delivered', basis: 'uncertain' });
    expect(answer.explanation).toContain('out refused 1 logs of its batch (too_old)');
  });

  test('with its whole batch', async () => {
    start();
    rig.read(['one']);
    await rig.seal();
    await rig.sink().answer(new PermanentError('no', { reason: '400' }));
    expect(await byText('one')).toMatchObject({
      verdict: 'dropped',
      sinks: [{ state: 'dropped', reason: '400' }],
    });
  });

  test('no sink takes logs of its source', async () => {
    start({ selects: () => false });
    rig.read(['one']);
    await rig.seal();
    expect((await byText('one')).explanation).toContain('no sink takes logs of app (unrouted)');
  });

  test('what lies in the dead letters is found there, also from before this run', async () => {
    start();
    rig.write(['bad']);
    rig.file = { position: 4, committed: 4, began: 4 };
    const letters = join(rig.folder, 'dead-letters');
    const letter = {
      source: 'app',
      stream: rig.path,
      offset: 0,
      sink: 'audit',
      reason: '400',
      message: 'no',
    };
    mkdirSync(letters);
    const file = join(letters, 'audit-1.jsonl');
    const others = [
      { ...letter, offset: 10 },
      { ...letter, source: 'x' },
    ];
    writeFileSync(file, [...others, letter].map((each) => `${JSON.stringify(each)}\n`).join(''));
    expect(await byText('bad')).toMatchObject({
      verdict: 'dead_lettered',
      dead_letters: [{ sink: 'audit', file, line: 3, reason: '400', message: 'no' }],
    });
  });
});

describe('dead letters that were sent again', () => {
  const LETTER = { source: 'app', sink: 'out', reason: 'too_old', message: 'no' };
  const folder = () => join(rig.folder, 'dead-letters');
  const keep = (offsets: readonly number[]) => {
    mkdirSync(folder(), { recursive: true });
    const letters = offsets.map((offset) => ({ ...LETTER, stream: rig.path, offset }));
    writeFileSync(
      join(folder(), 'out-000001.jsonl'),
      letters.map((each) => `${JSON.stringify(each)}\n`).join(''),
    );
  };
  const refuse = async (lines: readonly string[]) => {
    start({ deadLetters: { write: () => Promise.resolve() } });
    rig.read(lines);
    await rig.seal();
    await rig.sink().answer(new PermanentError('no', { reason: 'too_old' }));
  };

  test('one that is there is told apart from those that were sent', async () => {
    await refuse(['one', 'two']);
    keep([0, 4]);
    rig.sentAgain.add(0);
    expect(await byText('one')).toMatchObject({
      verdict: 'delivered',
      explanation: 'out rejected it (too_old). It was sent again from the dead letters, and taken.',
      dead_letters: [{ line: 1, sent_again: true }],
    });
    expect(await byText('two')).toMatchObject({ verdict: 'dead_lettered', dead_letters: [{ line: 2 }] });
  });

  test('a file of which all were taken is gone; unless it may have been deleted to make room', async () => {
    await refuse(['one']);
    expect(await byText('one')).toMatchObject({ verdict: 'delivered', basis: 'seen' });
    rig.lettersEvicted = 1;
    expect(await byText('one')).toMatchObject({ verdict: 'dead_lettered' });
  });
});

test('the dead letters of all lines of an answer are found in one search', async () => {
  start();
  const lines = Array.from({ length: 40 }, (_, k) => `bad ${k}`);
  rig.write(lines);
  const end = statSync(rig.path).size;
  rig.file = { position: end, committed: end, began: end };
  const folder = join(rig.folder, 'dead-letters');
  mkdirSync(folder);
  const letter = { source: 'app', stream: rig.path, sink: 'audit', reason: '400', message: 'no' };
  const offsets = [0, 7, 39].map((k) => lines.slice(0, k).join('\n').length + (k === 0 ? 0 : 1));
  writeFileSync(
    join(folder, 'audit-1.jsonl'),
    offsets.map((offset) => `${JSON.stringify({ ...letter, offset, text: 'bad' })}\n`).join(''),
  );
  const searches = vi.spyOn(LineSearch.prototype, 'search');
  const { others, ...first } = await rig.where.where({ file: rig.path, text: 'bad', limit: 100 });
  expect(searches).toHaveBeenCalledTimes(2);
  searches.mockRestore();
  const dead = [first, ...others].filter(({ verdict }) => verdict === 'dead_lettered');
  expect(dead.map(({ offset, dead_letters }) => [offset, dead_letters?.[0]?.line])).toEqual([
    [offsets[2], 3],
    [offsets[1], 2],
    [offsets[0], 1],
  ]);
});

test('in a disk buffer: safe, until as many logs went there later as it holds', async () => {
  start();
  /** Has the sink's buffer take the lines. */
  const buffer = async (lines: readonly string[]) => {
    rig.read(lines);
    await rig.seal();
    const delivery = rig.sink().deliveries.at(-1)!;
    const none = { delivered: 0, filtered: 0, deadLettered: 0, dropped: 0 };
    rig.journal.settled(delivery, { ...none, buffered: lines.length });
    rig.journal.completed(delivery.batch);
    await rig.sink().answer();
    rig.inBuffer += lines.length;
  };
  await buffer(['one', 'two']);
  await buffer(['three']);
  const held = await byText('one');
  expect(held).toMatchObject({ verdict: 'in_flight', sinks: [{ id: 'out', state: 'buffered' }] });
  expect(held.explanation).toContain('at most 2 logs go before it is done. The log is safe on disk.');
  rig.inBuffer = 1;
  expect(await byText('two')).toMatchObject({ verdict: 'delivered', basis: 'uncertain' });
  expect(await byText('three')).toMatchObject({ verdict: 'in_flight' });
  rig.inBuffer = 0;
  expect(await byText('three')).toMatchObject({ verdict: 'delivered', basis: 'seen' });
});

describe('trace ids', () => {
  const IDS = { prefix: 0xabcdefn, seed: 12345n };
  /** Traces the rows, as the tracer would. */
  const tracer = (rows: number[] | null): Observer => ({
    processed(batch) {
      for (const segment of batch.segments) {
        segment.traced = {
          rows: rows === null ? null : Uint32Array.from(rows),
          count: rows?.length ?? segment.count,
          ...IDS,
          threshold: 0n,
          hasContexts: false,
          stamp: 'trace_id',
        };
      }
    },
  });
  const idOf = (row: number) => traceIdOf(IDS, 0n, row).toString('hex');

  test('a line that was traced says its trace id, the others none', async () => {
    start({ observers: [tracer([1])] });
    await rig.deliver(['one', 'two', 'three']);
    expect((await byText('two')).trace_id).toBe(idOf(1));
    expect(await byText('three')).not.toHaveProperty('trace_id');
  });

  test('a line is found by its trace id after its trace was forgotten', async () => {
    start({ observers: [tracer(null)] });
    await rig.deliver(['one', 'two', 'three']);
    expect(await rig.where.where({ id: idOf(2) })).toMatchObject({
      verdict: 'delivered',
      line: 3,
      trace_id: idOf(2),
    });
  });

  test('a line in flight is found by its trace id', async () => {
    start({ observers: [tracer(null)] });
    rig.read(['one', 'two']);
    await rig.seal();
    expect(await rig.where.where({ id: idOf(1) })).toMatchObject({
      verdict: 'in_flight',
      line: 2,
      offset: 4,
    });
  });

  test('a trace that is remembered leads to its line, and speaks for it where nothing else does', async () => {
    start();
    await rig.deliver(['one']);
    const log = {
      source: 'app',
      sourceId: rig.path,
      readAtMs: Date.parse(STARTED_AT),
      outcome: 'delivered' as const,
    };
    rig.traced.push({ ...log, offset: 0 });
    const id = 'a'.repeat(32);
    expect(await rig.where.where({ id })).toMatchObject({
      verdict: 'delivered',
      basis: 'seen',
      line: 1,
      trace_id: id,
    });
    rig.traced.splice(0, 1, { ...log, offset: 77, sourceId: '/gone.log' });
    expect(await rig.where.where({ id })).toMatchObject({
      verdict: 'delivered',
      basis: 'forgotten',
      offset: 77,
    });
  });

  test('an id that nobody knows', async () => {
    start({ observers: [tracer(null)] });
    await rig.deliver(['one']);
    expect(await rig.where.where({ id: 'f'.repeat(32) })).toMatchObject({
      verdict: 'unknown',
      basis: 'no_trace',
    });
  });
});

describe('unknown', () => {
  test('no source reads the file; whether it exists is not told', async () => {
    start();
    const other = join(rig.folder, 'other.txt');
    writeFileSync(other, 'secret\n');
    const there = await rig.where.where({ file: other, text: 'secret' });
    expect(there).toMatchObject({ verdict: 'unknown', basis: 'not_tailed', matches: 0 });
    const absent = await rig.where.where({ file: `${other}x`, text: 'secret' });
    expect(absent.explanation).toBe(there.explanation.replace(other, `${other}x`));
  });

  test('the file has no such line', async () => {
    start();
    await rig.deliver(['one', 'two']);
    expect(await rig.where.where({ file: rig.path, line: 9 })).toMatchObject({ basis: 'not_found' });
    expect((await rig.where.where({ file: rig.path, line: 9 })).explanation).toBe(`${rig.path} has 2 lines.`);
    expect((await rig.where.where({ file: rig.path, offset: 8 })).explanation).toBe(
      `${rig.path} has 8 bytes.`,
    );
    expect((await byText('nowhere')).explanation).toBe(`No line of ${rig.path} contains the text.`);
  });

  test('it was there before the agent, which was to start at the end', async () => {
    start();
    rig.write(['old']);
    rig.file = { position: 4, committed: 4, began: 4, skipped: 4 };
    expect(await byText('old')).toMatchObject({ verdict: 'unknown', basis: 'skipped' });
  });

  test('its file was given up before it was read', async () => {
    start();
    await rig.deliver(['one']);
    rig.write(['late']);
    rig.file = { tailed: false };
    expect(await byText('late')).toMatchObject({ verdict: 'unknown', basis: 'not_read' });
  });
});
