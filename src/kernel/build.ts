/**
 * Compiles `assembly/` to `kernel.wasm` (`npm run build:kernel`). The same source gives the same bytes, so the
 * result is committed, nobody needs the compiler to run the agent, and a test compares the two.
 */

import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const FOLDER = dirname(fileURLToPath(import.meta.url));

const OPTIONS = [
  `--baseDir=${FOLDER}`,
  '--runtime=stub',
  '--importMemory',
  '--noExportMemory',
  '--enable=simd',
  '--optimizeLevel=3',
  '--shrinkLevel=0',
  '--converge',
  '--noAssert',
  // No host function for faults: they trap.
  '--use=abort=',
];

/** The compiled module. Throws the compiler's messages when the source has an error. */
export async function compileKernel(): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined;
  const stderr = asc.createMemoryStream();
  const { error } = await asc.main(['assembly/index.ts', '--outFile', 'kernel.wasm', ...OPTIONS], {
    stderr,
    writeFile: (_name: string, contents: Uint8Array | string) => {
      if (typeof contents !== 'string') wasm = contents;
    },
  } as object);
  if (error !== null || wasm === undefined) {
    throw new Error(`the kernel does not compile: ${error?.message ?? 'no output'}\n${stderr.toString()}`);
  }
  return wasm;
}

if (import.meta.main) {
  const wasm = await compileKernel();
  await writeFile(`${FOLDER}/kernel.wasm`, wasm);
  console.log(`kernel.wasm: ${wasm.length} bytes`);
}
