/**
 * Claims the state directory for this process, because two agents that share one would overwrite each other's
 * positions. The claim is a lock that the operating system lets go when the process ends, however it ends, so there is
 * nothing stale to take over. Called by the agent when it starts.
 */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** How long to wait for a lock that another agent is just trying to get as well, in milliseconds. */
const CONTENTION_MS = 250;
/** SQLITE_BUSY (https://www.sqlite.org/rescode.html): the lock is held. */
const BUSY = 5;

/** Claims of this process: a lock that nothing refers to would be closed by the garbage collector. */
const held = new Set<DatabaseSync>();

/** Another agent has it. */
export class StateDirInUse extends Error {
  override readonly name = 'StateDirInUse';
}

/**
 * Creates the state directory and claims it.
 * @returns a function that gives the claim back; safe twice.
 * @throws StateDirInUse, which says what to do, when another agent holds it; an Error when the directory cannot be used.
 */
export async function claimStateDir(stateDir: string): Promise<() => Promise<void>> {
  // Says who holds the lock; it is no lock itself.
  const pidFile = join(stateDir, 'agent.pid');
  let lock: DatabaseSync | undefined;
  try {
    await makeFolder(stateDir);
    lock = await takeLock(join(stateDir, 'agent.lock'));
    if (lock !== undefined) await writeFile(pidFile, `${process.pid}\n`);
  } catch (error) {
    lock?.close();
    throw new Error(`state_dir ${stateDir} cannot be used: ${advice(error as NodeJS.ErrnoException)}`, {
      cause: error,
    });
  }
  if (lock === undefined) {
    const owner = (await readFile(pidFile, 'utf8').catch(() => '')).trim();
    throw new StateDirInUse(
      `state_dir ${stateDir} is in use by another log-capturer${/^\d+$/.test(owner) ? ` (process ${owner})` : ''}; ` +
        'stop it, or give this one another state_dir',
    );
  }
  const claim = lock;
  held.add(claim);
  return async () => {
    if (held.delete(claim)) claim.close();
  };
}

/** Undefined when another process has the lock. */
async function takeLock(path: string): Promise<DatabaseSync | undefined> {
  // Created by hand first: the system's error says why it cannot be, SQLite's does not.
  await writeFile(path, '', { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  // An empty database is an empty file. What is wanted is the lock (fcntl(2)) on it.
  const lock = new DatabaseSync(path, { timeout: CONTENTION_MS });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode === BUSY) return undefined;
    throw error;
  }
}

/** As `mkdir -p`. Node's own never ends where the system says that the parent, which exists, does not: below /proc. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && dirname(path) !== path) {
      await makeFolder(dirname(path));
      await mkdir(path).catch(ignoreFolder(path));
    } else await ignoreFolder(path)(error as Error);
  }
}

function ignoreFolder(path: string): (error: Error) => Promise<void> {
  return async (error) => {
    if (!(await stat(path).catch(() => undefined))?.isDirectory()) throw error;
  };
}

function advice(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return `no space is left there (${error.code}); free some, or choose a folder on another device`;
    case 'EROFS':
      return 'it is on a read-only file system (EROFS); choose a folder that can be written';
    case 'EACCES':
    case 'EPERM':
      return `this user may not write to it (${error.code}); change its owner or mode, or choose another folder`;
    case 'ENOTDIR':
    case 'EEXIST':
      return `a part of the path is a file, not a folder (${error.code}); remove the file, or choose another folder`;
    case 'ENOENT':
      return 'no folder can be created there (ENOENT); choose another one';
    case 'ERR_SQLITE_ERROR':
      return `agent.lock in it cannot be locked (${error.message}); remove that file if it is not empty, and use a file system with locks`;
    default:
      return error.message;
  }
}
