/**
 * An HTTP server that accepts everything, answers 204 and keeps nothing: the far end of network benchmarks, in a
 * process of its own, so that its CPU is not the sender's. Started by the benchmarks; prints its port as one line of
 * JSON and ends when its standard input does. `GET /stats` answers what it has got so far.
 */
import { createServer } from 'node:net';
import { RequestReader } from './request-reader.ts';

const stats = { requests: 0, bytes: 0, lines: 0, refused: 0 };
const NO_CONTENT = 'HTTP/1.1 204 No Content\r\n\r\n';

const server = createServer({ noDelay: true }, (socket) => {
  const reader = new RequestReader({
    expectsContinue: () => socket.write('HTTP/1.1 100 Continue\r\n\r\n'),
    ended: ({ method, bodyBytes, lines }) => {
      if (method === 'GET') {
        const body = JSON.stringify(stats);
        socket.write(
          `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        );
        return;
      }
      stats.requests++;
      stats.bytes += bodyBytes;
      stats.lines += lines;
      socket.write(NO_CONTENT);
    },
  });
  socket.on('data', (bytes) => {
    try {
      reader.push(bytes);
    } catch (error) {
      stats.refused++;
      console.error(`discard server: ${(error as Error).message}`);
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    }
  });
  socket.on('error', () => socket.destroy());
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') console.log(JSON.stringify({ port: address.port }));
});
process.stdin.on('end', () => process.exit(0)).resume();
