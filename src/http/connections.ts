/**
 * Bounds the number of connections without locking anybody out: when there are too many, the one that has been without
 * a request for longest is closed, so that clients that keep connections open, or open them and send nothing, cannot
 * block others. Only when every connection has a request under way is a new one refused. Built by server.ts.
 */
import type { IncomingMessage, Server as NodeServer, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { RequestCounts } from './request-counts.ts';

interface Connection {
  readonly socket: Socket;
  /** Requests under way. */
  requests: number;
}

/** @param max connections open at once. */
export function boundConnections(server: NodeServer, max: number, counts: RequestCounts): void {
  /** By the client's address and port; those idle for longest in front. */
  const connections = new Map<string, Connection>();

  server.on('connection', (socket: Socket) => {
    const key = keyOf(socket);
    if (connections.size >= max) {
      counts.closedConnections++;
      if (!closeIdle(connections)) {
        socket.destroy();
        return;
      }
    }
    const connection = { socket, requests: 0 };
    connections.set(key, connection);
    counts.openConnections = connections.size;
    socket.once('close', () => {
      if (connections.get(key) === connection) connections.delete(key);
      counts.openConnections = connections.size;
    });
  });

  // Of TLS, requests name another socket than `connection` did; both have the client's address and port.
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const key = keyOf(socket);
    const connection = connections.get(key);
    if (connection === undefined) return;
    connection.requests++;
    response.once('close', () => {
      connection.requests--;
      if (connection.requests > 0 || connections.get(key) !== connection) return;
      connections.delete(key);
      connections.set(key, connection);
    });
  });
}

function closeIdle(connections: Map<string, Connection>): boolean {
  for (const [key, { socket, requests }] of connections) {
    if (requests > 0) continue;
    connections.delete(key);
    socket.destroy();
    return true;
  }
  return false;
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
