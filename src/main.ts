/** The process: compile cache, command line, exit code. Everything else is in src/commands. */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Inside the installation, not in the shared temporary folder: compiled code is as good as code.
enableCompileCache(join(import.meta.dirname, '..', 'node_modules', '.cache', 'log-capturer'));

const { runProgram } = await import('./commands/program.ts');
process.exitCode = await runProgram(process.argv.slice(2));
