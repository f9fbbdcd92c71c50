/**
 * The life of a running agent: starts it, drains it on a signal, leaves at once on a second one, and does not
 * outlive a fault of its own. A hang-up drains it when it was started on a terminal, and reloads the configuration
 * otherwise. Called by the run command; everything it touches is handed in.
 */
import type { EventEmitter } from 'node:events';
import type { Clock } from '../component/clock.ts';
import type { Logger } from '../component/logger.ts';
import { ExitCode } from './exit-code.ts';

/** What is supervised: the agent. */
export interface Supervised {
  start(): Promise<void>;
  /** Resolves when it has stopped, told to or by itself. */
  readonly finished: Promise<void>;
  /** Drains and stops. Idempotent. */
  stop(): Promise<void>;
  /** Reads the configuration anew and says in the log how that went. Never rejects. */
  reload(trigger: 'signal'): Promise<unknown>;
}

export interface Surroundings {
  readonly log: Logger & { fatal(fields: object, message: string): void };
  readonly clock: Clock;
  /** Where signals and uncaught faults arrive: `process`. */
  readonly events: Pick<EventEmitter, 'on' | 'off'>;
  /** Ends the process at once. */
  readonly exit: (code: ExitCode) => void;
  /** Whether it runs on a terminal: then SIGHUP means that this is gone. */
  readonly onTerminal: boolean;
  /** How long stopping may take, in milliseconds, before the process is ended by force; asked when it begins. */
  readonly stopWithinMs: () => number;
  /** Called once the agent has started; what it returns is called when the agent has stopped. */
  readonly whileRunning?: () => () => void;
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const FAULTS = ['uncaughtException', 'unhandledRejection'] as const;

/** Runs the agent to its end and returns the exit code. Never rejects. */
export async function supervise(agent: Supervised, surroundings: Surroundings): Promise<ExitCode> {
  const { log, clock, events, exit, onTerminal } = surroundings;
  let code: ExitCode = ExitCode.ok;
  let stopping = false;
  // A start that fails ends below; whoever stops waits for it to be over.
  const started = agent.start();

  const stop = () => {
    if (stopping) return;
    stopping = true;
    const stopWithinMs = surroundings.stopWithinMs();
    clock.after(stopWithinMs, () => {
      log.error(
        { stop_within_ms: stopWithinMs },
        'stopping takes too long, leaving; what is left is read again at the next start',
      );
      exit(ExitCode.failure);
    });
    // A failure to stop also shows in `finished`.
    started.then(() => agent.stop()).catch(() => {});
  };
  const onSignal = (signal: (typeof SIGNALS)[number]) => {
    if (stopping) {
      exit(ExitCode[signal]);
      return;
    }
    log.info({ signal }, 'stopping: delivering what was read; a second signal leaves at once');
    stop();
  };
  const onHangUp = () => {
    if (stopping) return;
    if (!onTerminal) {
      void started.then(() => agent.reload('signal')).catch(() => {});
    } else {
      log.info({ signal: 'SIGHUP' }, 'stopping because the terminal is gone: delivering what was read');
      stop();
    }
  };
  const onFault = (error: unknown) => {
    const stack = error instanceof Error ? error.stack : undefined;
    log.fatal({ err: error, stack }, 'a fault of log-capturer itself; please report it');
    code = ExitCode.failure;
    stop();
  };

  for (const signal of SIGNALS) events.on(signal, onSignal);
  events.on('SIGHUP', onHangUp);
  for (const fault of FAULTS) events.on(fault, onFault);
  // Timers of the agent do not keep the process alive, and it must not end before all is delivered.
  const awake = setInterval(() => {}, 2 ** 30);
  let stopped = () => {};
  try {
    await started;
    stopped = surroundings.whileRunning?.() ?? stopped;
    await agent.finished;
  } catch (error) {
    log.error({ err: error }, stopping ? 'did not stop cleanly' : 'cannot run');
    code = ExitCode.failure;
  } finally {
    stopped();
    clearInterval(awake);
    for (const signal of SIGNALS) events.off(signal, onSignal);
    events.off('SIGHUP', onHangUp);
    for (const fault of FAULTS) events.off(fault, onFault);
  }
  return code;
}
