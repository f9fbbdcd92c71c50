import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bench, bench, deliver, never } from '../../../test/stubs/delivery.ts';
import { stdoutSink } from './index.ts';
import { StdoutSink } from './stdout-sink.ts';

const failure = (code: string) => Object.assign(new Error(code), { code });

/** A descriptor that takes as many bytes as each answer says, or fails with its code; then takes everything. */
function descriptor(answers: (number | string)[]) {
  const written: Buffer[] = [];
  return {
    text: () => Buffer.concat(written).toString('latin1'),
    write: async (bytes: Buffer) => {
      const answer = answers.shift() ?? bytes.length;
      if (typeof answer === 'string') throw failure(answer);
      const taken = bytes.subarray(0, answer);
      written.push(Buffer.from(taken));
      return taken.length;
    },
  };
}

function sinkOver(workbench: Bench, answers: (number | string)[], format: 'raw' | 'json' = 'raw') {
  const output = descriptor(answers);
  return { output, sink: new StdoutSink({ format }, workbench.context, output.write) };
}

test('raw lines are written as read', async () => {
  const workbench = bench();
  const { sink, output } = sinkOver(workbench, []);
  await sink.write(deliver(workbench, [{ text: 'a\r\nb\n' }]), never);
  expect(output.text()).toBe('a\r\nb\n');
  expect(sink.status()).toEqual({ records: 2, bytes: 5 });
});

test('json writes one object a line', async () => {
  const workbench = bench();
  const { sink, output } = sinkOver(workbench, [], 'json');
  await sink.write(deliver(workbench, [{ text: 'a\nb\n' }]), never);
  expect(
    output
      .text()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).message),
  ).toEqual(['a', 'b']);
});

test('partial writes go on where they stopped', async () => {
  const workbench = bench();
  const { sink, output } = sinkOver(workbench, [1, 2, 0]);
  await sink.write(deliver(workbench, [{ text: 'abcd\nef\n' }]), never);
  expect(output.text()).toBe('abcd\nef\n');
});

test('a full pipe is waited for', async () => {
  const workbench = bench();
  const { sink, output } = sinkOver(workbench, [2, 'EAGAIN', 'EAGAIN']);
  const writing = sink.write(deliver(workbench, [{ text: 'abcd\n' }]), never);
  await workbench.clock.waiting();
  expect(output.text()).toBe('ab');
  await workbench.clock.advance(100);
  await writing;
  expect(output.text()).toBe('abcd\n');
});

test('a reader that is gone is logged once and loses nothing', async () => {
  const workbench = bench();
  const { sink, output } = sinkOver(workbench, [3, 'EPIPE', 'EPIPE']);
  const delivery = deliver(workbench, [{ text: 'abcd\nef\n' }]);
  for (let attempt = 0; attempt < 2; attempt++) {
    await expect(sink.write(delivery, never)).rejects.toMatchObject({
      name: 'RetryableError',
      reason: 'broken_pipe',
    });
  }
  await sink.write(delivery, never);
  expect(output.text()).toBe('abcd\nef\n');
  expect(workbench.logged).toHaveLength(1);
});

test('a reader that is gone is gone for good; a slow one, or a full disk, is not', async () => {
  const workbench = bench();
  const { sink } = sinkOver(workbench, [3, 'ENOSPC', 'EPIPE']);
  const delivery = deliver(workbench, [{ text: 'abcd\nef\n' }]);
  let isGone = false;
  void sink.gone.then(() => {
    isGone = true;
  });
  await sink.write(delivery, never).catch(() => {});
  expect(isGone).toBe(false);
  await sink.write(delivery, never).catch(() => {});
  expect(isGone).toBe(true);
});

test('a delivery given up in the middle of a line is not glued to the next one', async () => {
  const workbench = bench();
  const { sink, output } = sinkOver(workbench, [3, 'EIO']);
  await expect(sink.write(deliver(workbench, [{ text: 'abcd\n' }]), never)).rejects.toMatchObject({
    reason: 'io_error',
  });
  await sink.write(deliver(workbench, [{ text: 'next\n' }]), never);
  expect(output.text()).toBe('abc\nnext\n');
});

test('abort ends the wait for a full pipe', async () => {
  const workbench = bench();
  const { sink } = sinkOver(workbench, ['EAGAIN']);
  const abort = new AbortController();
  const writing = sink.write(deliver(workbench, [{ text: 'a\n' }]), abort.signal);
  const ended = expect(writing).rejects.toThrow('stopping');
  await workbench.clock.waiting();
  abort.abort(new Error('stopping'));
  await ended;
});

test('however writes are cut and fail, retries make the output whole', async () => {
  const workbench = bench();
  const answer = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constantFrom('EPIPE', 'EIO'));
  await fc.assert(
    fc.asyncProperty(fc.array(answer, { maxLength: 20 }), async (answers) => {
      const { sink, output } = sinkOver(workbench, [...answers]);
      const delivery = deliver(workbench, [{ text: 'abc\ndef\n' }, { text: 'x\nyy\nz', live: [1, 2] }]);
      for (;;) {
        const failed = await sink.write(delivery, never).then(
          () => false,
          () => true,
        );
        if (!failed) break;
      }
      workbench.kernel.slots.give(delivery.batch.slot);
      expect(output.text()).toBe('abc\ndef\nyy\nz\n');
    }),
  );
});

test('the configuration defaults to raw', () => {
  expect(stdoutSink.schema.parse({})).toEqual({ format: 'raw' });
});
