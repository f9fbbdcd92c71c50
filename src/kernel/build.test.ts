import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { compileKernel } from './build.ts';

test('kernel.wasm is what its source compiles to (else: npm run build:kernel)', async () => {
  const committed = await readFile(new URL('./kernel.wasm', import.meta.url));
  expect(Buffer.from(await compileKernel()).equals(committed)).toBe(true);
});
