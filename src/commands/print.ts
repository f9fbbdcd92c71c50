/**
 * Prints what a command answers. Whoever reads it may stop early (`log-capturer --help | head -1`): that is no
 * failure and needs no stack trace. Not for the agent's own log, which is log.ts.
 */

const watched = new WeakSet<NodeJS.WriteStream>();

/** Writes to standard output. @throws nothing: a full disk behind it ends the process with 1 and a line that says so. */
export function print(text: string): void {
  write(process.stdout, text);
}

/** Writes to standard error. */
export function printError(text: string): void {
  write(process.stderr, text);
}

function write(stream: NodeJS.WriteStream, text: string): void {
  if (!watched.has(stream)) {
    watched.add(stream);
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // The reader is gone, or the terminal: nobody is left to tell.
      if (error.code === 'EPIPE' || error.code === 'EIO') return;
      process.exitCode = 1;
      if (stream !== process.stderr) printError(`log-capturer: standard output: ${error.message}\n`);
    });
  }
  stream.write(text);
}
