/**
 * `GET /`: the console's page and its files, from memory. They hold nothing of the agent and so need no token; what they
 * show comes from the API, which does. Built by `npm run build:console` into console/dist.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PROBLEM_TYPE, problem } from '../problem.ts';
import type { Server } from '../server-type.ts';

const DIST = join(import.meta.dirname, '..', '..', '..', 'console', 'dist');

/** Path and media type of each file of the build. */
const FILES = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/console.js': ['console.js', 'text/javascript; charset=utf-8'],
  '/style.css': ['style.css', 'text/css; charset=utf-8'],
  '/favicon.svg': ['favicon.svg', 'image/svg+xml'],
} as const;

/**
 * Only the console's own files; nothing inline, nothing from elsewhere, in no frame of another page.
 * https://www.w3.org/TR/CSP3/
 */
const HEADERS = {
  'content-security-policy':
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  // Revalidated each time, so that the console is always the one of the agent that runs.
  'cache-control': 'no-cache',
  vary: 'accept-encoding',
};

interface Asset {
  readonly bytes: Buffer;
  readonly gzip: Buffer;
  readonly etag: string;
}

/** @param dist Folder of the build. */
export function consoleRoute(server: Server, { dist = DIST }: { dist?: string } = {}): void {
  for (const [path, [name, type]] of Object.entries(FILES)) {
    let asset: Asset | undefined;
    const options = { schema: { hide: true }, config: { access: 'public' as const } };
    server.get(path, options, async (request: FastifyRequest, reply: FastifyReply) => {
      asset ??= read(join(dist, name));
      if (asset === undefined) {
        const detail = 'The console was not built; run npm run build:console.';
        return reply
          .code(404)
          .type(PROBLEM_TYPE)
          .send(problem(404, detail, request.url));
      }
      return answer(asset, type, request, reply);
    });
  }
}

function answer({ bytes, gzip, etag }: Asset, type: string, request: FastifyRequest, reply: FastifyReply) {
  void reply.headers({ ...HEADERS, etag });
  if (request.headers['if-none-match'] === etag) return reply.code(304).send();
  void reply.type(type);
  if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(bytes);
  return reply.header('content-encoding', 'gzip').send(gzip);
}

/** Undefined when the file is not there. */
function read(file: string): Asset | undefined {
  try {
    const bytes = readFileSync(file);
    const etag = `W/"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
    return { bytes, gzip: gzipSync(bytes, { level: 9 }), etag };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
