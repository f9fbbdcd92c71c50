/**
 * A server that throws away whatever is posted to it and answers 200, chunked requests too, which OpenTelemetry's SDK
 * sends and the discard server of the other benchmarks does not read. In a process of its own, so that its CPU is not the
 * sender's. Started by span-cost.ts; prints its port as one line of JSON and ends when its standard input does.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const server = createServer((request, response) => {
  request.on('end', () => response.end()).resume();
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }));
});
process.stdin.on('end', () => process.exit(0)).resume();
