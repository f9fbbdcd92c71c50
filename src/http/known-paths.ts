/**
 * Tells a path that nothing answers (404) from one that is asked for with the wrong method (405, with Allow). Keeps the
 * paths of all routes as they are added. Built by server.ts.
 */
import type { FastifyRequest } from 'fastify';
import { Refusal } from './problem.ts';
import type { Server } from './server-type.ts';

interface KnownPath {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
}

export function answerUnknown(server: Server): void {
  const known = new Map<string, KnownPath>();
  server.addHook('onRoute', ({ url, method }) => {
    // A wildcard says nothing about which paths there are.
    if (url.includes('*')) return;
    const path = known.get(url) ?? { pattern: patternOf(url), methods: new Set() };
    for (const each of [method].flat()) path.methods.add(each);
    known.set(url, path);
  });
  server.setNotFoundHandler(async ({ url, method }: FastifyRequest) => {
    const path = url.split('?', 1)[0]!;
    const methods = known.values().find(({ pattern }) => pattern.test(path))?.methods;
    if (methods === undefined || methods.has(method)) {
      throw new Refusal(404, `Nothing answers ${method} on this path.`);
    }
    const allow = [...methods].sort().join(', ');
    throw new Refusal(405, `This path takes ${allow}, not ${method}.`, { allow });
  });
}

/** A route's path, such as `/api/traces/:id`. */
function patternOf(url: string): RegExp {
  const parts = url
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
  return new RegExp(`^${parts.join('/')}$`);
}
