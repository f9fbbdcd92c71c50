/**
 * Runs what the documentation tells readers to run, in the order of each page, with a real agent in a folder of its own,
 * and compares what comes out with what is shown.
 *
 *     ```sh runnable              is run; it must succeed. `log-capturer run` and `npm start` stay in the background
 *     ```sh runnable eventually   is run again until it prints what is shown
 *     ```sh runnable fails        must end with another exit code than 0
 *     ```json, ```text            directly behind it: what it must print (compare.ts); with `about`, numbers may differ
 *     ```console runnable         commands behind `$ `, each with what it prints below it
 *     ```yaml                     that begins with `# NAME.yaml` is written to that file
 *
 * What only prepares the ground may stand in an HTML comment. Pages speak of the ports 8401 and 8088 and of the folder
 * /srv/agent; here they are others.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freePort, until } from '../fixtures/agent.ts';
import { differences } from './compare.ts';
import { allPages, type Fence, type Page, ROOT } from './markdown.ts';

/** How long a block may take to print what is shown, where it says `eventually`. */
const EVENTUALLY_MS = 30_000;

const pages = allPages().filter(({ fences }) => fences.some(isRunnable));

describe.concurrent('commands in the documentation', () => {
  test.each(pages.map((page) => [page.path, page] as const))(
    'of %s',
    { timeout: 120_000 },
    async (_, page) => {
      await using place = await Place.create();
      expect(await place.follow(page)).toEqual([]);
    },
  );
});

function isRunnable({ language, words }: Fence): boolean {
  return ['sh', 'console'].includes(language) && words.includes('runnable');
}

/** The commands of a block, each with the block that shows what it prints. */
function stepsOf(fence: Fence, next: Fence | undefined): [command: Fence, shown: Fence | undefined][] {
  if (fence.language === 'sh')
    return [[fence, next !== undefined && ['json', 'text'].includes(next.language) ? next : undefined]];
  const sessions = fence.text.split(/^\$ /m).slice(1);
  return sessions.map((session) => {
    const [command, ...shown] = session.split('\n');
    const words = fence.words.filter((word) => word === 'about');
    return [
      { ...fence, text: command! },
      { ...fence, language: 'text', words, text: shown.join('\n') },
    ];
  });
}

/** A folder, a port, and the agent that a page starts. */
class Place {
  readonly #dir: string;
  readonly #port: number;
  /** Where 8088 of the pages is. */
  readonly #otherPort: number;
  #agent: ChildProcess | undefined;
  #said = '';

  private constructor(dir: string, port: number, otherPort: number) {
    this.#dir = dir;
    this.#port = port;
    this.#otherPort = otherPort;
  }

  static async create(): Promise<Place> {
    const dir = await realpath(await mkdtemp(join(tmpdir(), 'log-capturer-docs-')));
    for (const name of ['bin', 'configs', 'package.json', 'src', 'node_modules', 'provisioning'])
      await symlink(join(ROOT, name), join(dir, name));
    return new Place(dir, await freePort(), await freePort());
  }

  /** Does what the page says. @returns what did not come out as shown. */
  async follow({ path, fences }: Page): Promise<string[]> {
    const wrong: string[] = [];
    for (const [i, fence] of fences.entries()) {
      const file = fence.language === 'yaml' ? /^# ([\w./-]+\.yaml)\n/.exec(fence.text)?.[1] : undefined;
      if (file !== undefined) await this.#write(file, fence.text);
      if (!isRunnable(fence)) continue;
      for (const [command, shown] of stepsOf(fence, fences[i + 1])) {
        const problems = await this.#run(command, shown);
        wrong.push(...problems.map((problem) => `${path}:${fence.line}: ${problem}`));
      }
    }
    return wrong;
  }

  async #write(name: string, text: string): Promise<void> {
    const here = this.#here(text);
    const whole = /^server:/m.test(here) ? here : `${here}\nserver: { port: ${this.#port} }\n`;
    await mkdir(dirname(join(this.#dir, name)), { recursive: true });
    await writeFile(join(this.#dir, name), whole);
  }

  async #run(fence: Fence, shown: Fence | undefined): Promise<string[]> {
    if (/^(bin\/log-capturer run|log-capturer run|npm start)/.test(fence.text))
      return this.#start(fence.text);
    const deadline = performance.now() + (fence.words.includes('eventually') ? EVENTUALLY_MS : 0);
    for (;;) {
      const problems = await this.#try(fence, shown);
      if (problems.length === 0 || performance.now() > deadline) return problems;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async #try(fence: Fence, shown: Fence | undefined): Promise<string[]> {
    const { code, printed } = await this.#shell(fence.text);
    const fails = fence.words.includes('fails');
    if ((code === 0) === fails) return [`exit code ${code}:\n${printed}${this.#said}`];
    if (shown === undefined) return [];
    return differences(shown.language, shown.text, this.#there(printed), {
      about: shown.words.includes('about'),
    });
  }

  async #shell(script: string): Promise<{ code: number; printed: string }> {
    const shell = spawn('bash', ['-e', '-c', this.#here(script)], {
      cwd: this.#dir,
      env: this.#environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    for (const stream of [shell.stdout, shell.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
      });
    }
    const [code] = (await once(shell, 'close')) as [number];
    return { code, printed };
  }

  async #start(command: string): Promise<string[]> {
    const [, ...args] = command.replace(/^npm start/, 'log-capturer run').split(/\s+/);
    const agent = spawn(join(ROOT, 'bin', 'log-capturer'), args, {
      cwd: this.#dir,
      env: this.#environment(),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    agent.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text;
    });
    this.#agent = agent;
    await until(
      async () => {
        if (agent.exitCode !== null)
          throw new Error(`the agent ended with ${agent.exitCode}:\n${this.#said}`);
        const { printed } = await this.#shell('curl -s http://127.0.0.1:8401/ready || true');
        return printed.includes('"ready"');
      },
      () => this.#said,
    );
    return [];
  }

  #environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      PATH: `${join(ROOT, 'bin')}:${process.env.PATH}`,
      LOG_CAPTURER_PORT: String(this.#port),
      LOG_CAPTURER_URL: `http://127.0.0.1:${this.#port}`,
      LOG_CAPTURER_TOKEN: '',
      HTTP_TOKEN: 'a-token-of-the-documentation',
      NO_COLOR: '1',
    };
  }

  #here(text: string): string {
    return text
      .replaceAll('8401', String(this.#port))
      .replaceAll('8088', String(this.#otherPort))
      .replaceAll('/srv/agent', this.#dir);
  }

  #there(text: string): string {
    return text.replaceAll(this.#dir, '/srv/agent').replaceAll(String(this.#port), '8401');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#agent !== undefined && this.#agent.exitCode === null) {
      const exit = once(this.#agent, 'exit');
      this.#agent.kill('SIGKILL');
      await exit;
    }
    if (existsSync(this.#dir)) await rm(this.#dir, { recursive: true, force: true });
  }
}
