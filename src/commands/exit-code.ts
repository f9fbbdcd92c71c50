/** What the process says when it ends. The launcher adds 69 (no Node.js); a second signal gives 130 or 143. */
export const ExitCode = {
  ok: 0,
  /** Failed at run time: a port in use, a folder that cannot be written, a fault of our own. */
  failure: 1,
  /** The command line is wrong. */
  usage: 2,
  /** Of `where`: the line is not read yet, or in flight. */
  pending: 3,
  /** Of `where`: it was filtered, dead-lettered or dropped. */
  undelivered: 4,
  /** Of `where`: nothing is known of it. */
  unknown: 5,
  /** The configuration is wrong (`EX_CONFIG` of sysexits.h). */
  config: 78,
  /** 128 + the number of the signal, as shells count. */
  SIGINT: 130,
  SIGTERM: 143,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** The part of `--help` about exit codes. */
export const EXIT_CODES_HELP = `
Exit codes:
  0         done, or stopped by a signal after draining
  1         failed at run time, or logs of standard input were lost at the stop
  2         wrong usage of the command line
  3, 4, 5   where: not delivered yet; filtered, dead-lettered or dropped; unknown
  69        no Node.js 24 or newer was found
  78        the configuration is wrong
  130, 143  a second SIGINT or SIGTERM: left at once, without draining`;
