import { expect, test } from 'vitest';
import { bench, deliver, never } from '../../../test/stubs/delivery.ts';
import { blackholeSink } from './index.ts';

test('everything is accepted and counted', async () => {
  const workbench = bench();
  const sink = blackholeSink.build({}, workbench.context);
  await sink.open();
  await sink.write(deliver(workbench, [{ text: 'a\nb\n' }]), never);
  await sink.write(deliver(workbench, [{ text: 'c\n' }]), never);
  await sink.close();
  expect(sink.status!()).toEqual({ records: 3, bytes: 6 });
});
