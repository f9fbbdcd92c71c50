import type { Server } from './server-type.ts';

/**
 * Takes JSON bodies, of which an empty one is none: many clients name the type with every request, also with a DELETE
 * or a POST that needs no body. Called by server.ts.
 */
export function takeJsonBodies(server: Server): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.removeContentTypeParser('application/json');
  server.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else void parse(request, body, done);
  });
}
