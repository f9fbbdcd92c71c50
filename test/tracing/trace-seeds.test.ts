import { expect, test } from 'vitest';
import { dispatcherSchema } from '../../src/config/schema.ts';
import { MAX_ROWS } from '../../src/tracing/spans/trace-seeds.ts';

test('no batch can have more logs than ids are set aside for', () => {
  expect(dispatcherSchema.safeParse({ batch_size: MAX_ROWS + 1 }).success).toBe(false);
  expect(dispatcherSchema.safeParse({ batch_size: 1_000_000 }).success).toBe(true);
});
