/**
 * An agent with something to show: files that grow all the time, a Loki that sometimes fails or is slow, a file sink.
 * Used by the tests of the console and by its screenshots.
 */
import { appendFile, mkdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { AgentUnderTest } from '../fixtures/agent.ts';

/** How often files are appended to, in milliseconds. */
const EVERY_MS = 100;

const PATHS = ['/api/cart', '/', '/api/search', '/static/app.js', '/healthz', '/api/orders', '/api/cart'];

export interface Load {
  /** Lines per second, by the name of the file. */
  readonly rates: Readonly<Record<string, number>>;
}

/** A Loki that takes everything, as fast as it is told to. */
export class EasyLoki {
  /** Milliseconds before an answer. */
  delayMs = 5;
  /** Answers 503 while true. */
  down = false;
  /** Every so many requests one is answered 503; 0: none. */
  failEvery = 0;
  #requests = 0;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (request, response) => {
      request.resume().on('end', () => {
        const fails = this.down || (this.failEvery > 0 && ++this.#requests % this.failEvery === 0);
        setTimeout(() => response.writeHead(fails ? 503 : 204).end(), this.delayMs);
      });
    });
  }

  static start(): Promise<EasyLoki> {
    const server = createServer();
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve(new EasyLoki(server)));
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** Appends lines to files in `folder` until it is stopped. */
export class Writer {
  readonly #folder: string;
  readonly #rates: readonly (readonly [file: string, rate: number])[];
  readonly #timer: NodeJS.Timeout;
  #lines = 0;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(folder: string, { rates }: Load) {
    this.#folder = folder;
    this.#rates = Object.entries(rates);
    this.#timer = setInterval(() => {
      this.#writing = this.#writing.then(() => Promise.all(this.#rates.map((each) => this.#append(...each))));
    }, EVERY_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
  }

  #append(file: string, rate: number): Promise<void> {
    const lines = Array.from({ length: Math.round((rate * EVERY_MS) / 1000) }, () => this.#line(file));
    return appendFile(join(this.#folder, file), `${lines.join('\n')}\n`);
  }

  #line(file: string): string {
    const n = this.#lines++;
    if (file.startsWith('checkout')) {
      return `{"level":"${n % 40 === 0 ? 'warn' : 'info'}","msg":"order placed","order":${81_000_000 + n},"total":"${(n % 9000) / 100}"}`;
    }
    if (file.startsWith('orders')) return `{"level":"info","msg":"paid","order":${81_000_000 + n}}`;
    const path = PATHS[n % PATHS.length];
    const status = n % 97 === 0 ? 502 : 200;
    return `{"level":"${status === 502 ? 'error' : 'info'}","path":"${path}","status":${status},"ms":${(n * 7) % 300}}`;
  }
}

export interface BusyAgent extends AsyncDisposable {
  readonly agent: AgentUnderTest;
  readonly loki: EasyLoki;
  readonly origin: string;
  /** Folder of the files that are read. */
  readonly logs: string;
}

interface More {
  /** Of the requests that tests make by themselves. */
  readonly headers?: Record<string, string>;
  /** Beside the port. */
  readonly server?: object;
}

/**
 * @param more Sections of the configuration that are set beside or instead of the usual ones.
 * @param sinks The usual sinks, changed.
 */
export async function busyAgent(
  load: Load,
  more: More & Record<string, unknown> = {},
  sinks: (usual: readonly object[]) => readonly object[] = (usual) => usual,
): Promise<BusyAgent> {
  const { headers, server, ...sections } = more;
  const agent = await AgentUnderTest.create();
  if (headers !== undefined) agent.headers = headers;
  const logs = join(agent.dir, 'logs');
  await mkdir(logs);
  const loki = await EasyLoki.start();
  const source = (id: string, include: string) => ({
    id,
    type: 'file',
    include: [join(logs, include)],
    start_at: 'beginning',
  });
  await agent.configure({
    sources: [
      {
        ...source('nginx', 'nginx-*.log'),
        processors: [{ type: 'parse_json' }, { type: 'filter', drop: 'text contains "/healthz"' }],
      },
      { ...source('checkout', 'checkout.log'), processors: [{ type: 'parse_json' }] },
      source('orders', 'orders.log'),
    ],
    sinks: sinks([
      { id: 'loki', type: 'loki', url: loki.url },
      {
        id: 'archive',
        type: 'file',
        path: join(agent.dir, 'archive', '{source}.log'),
        sources: ['checkout', 'orders'],
      },
      { id: 'metrics', type: 'blackhole' },
    ]),
    tracing: { mode: 'hybrid', log_tracing_rate: 0.001 },
    ...(server !== undefined && { server: { port: agent.port, ...server } }),
    ...sections,
  });
  const writer = new Writer(logs, load);
  await agent.start();
  return {
    agent,
    loki,
    logs,
    origin: `http://127.0.0.1:${agent.port}`,
    [Symbol.asyncDispose]: async () => {
      await writer.stop();
      loki.stop();
      await agent[Symbol.asyncDispose]();
    },
  };
}
