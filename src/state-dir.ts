import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Creates the state directory and claims it for this process, because two agents that share one would overwrite
 * each other's positions. A claim whose process is gone (a crash) is taken over.
 * @returns a function that gives the claim back.
 * @throws when a living process holds it, or when the directory cannot be written.
 */
export async function claimStateDir(stateDir: string): Promise<() => Promise<void>> {
  const lock = join(stateDir, 'agent.pid');
  try {
    await mkdir(stateDir, { recursive: true });
    if (!(await tryCreate(lock))) {
      const owner = Number.parseInt(await readFile(lock, 'utf8'), 10);
      if (await isAgent(owner)) {
        throw new Error(
          `state_dir ${stateDir} is in use by the log-capturer with process id ${owner}; stop it, or give this one another state_dir`,
        );
      }
      await rm(lock, { force: true });
      if (!(await tryCreate(lock)))
        throw new Error(`state_dir ${stateDir} was claimed by another agent just now`);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new Error(
      `state_dir ${stateDir} cannot be used (${code}): create it and let this user write to it`,
      {
        cause: error,
      },
    );
  }
  return () => rm(lock, { force: true });
}

async function tryCreate(lock: string): Promise<boolean> {
  try {
    const file = await open(lock, 'wx');
    await file.writeFile(`${process.pid}\n`);
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Whether the process lives and is one of ours: after a reboot or in a new container its id may be anybody's. */
async function isAgent(pid: number): Promise<boolean> {
  if (!Number.isInteger(pid) || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).includes('src/main.ts');
  } catch {
    return true;
  }
}
