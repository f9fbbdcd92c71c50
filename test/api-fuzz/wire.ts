/** Sends requests byte by byte, so that what no HTTP client would send is sent as well, and reads what comes back. */
import { connect } from 'node:net';
import type { WireRequest } from './requests.ts';

export interface WireAnswer {
  /** 0: the connection was closed without an answer. */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** How long the agent may take, in milliseconds: it is to answer anything within that. */
const PATIENCE_MS = 20_000;

/** Sends one request on a connection of its own. Rejects when there is no answer and the connection stays open. */
export function send(port: number, { method, target, headers, body }: WireRequest): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    const own = (name: string) => headers.some((line) => line.toLowerCase().startsWith(`${name}:`));
    const head = [
      `${method} ${target} HTTP/1.1`,
      ...(own('host') ? [] : ['host: localhost']),
      ...headers,
      ...(body === null || own('content-length') || own('transfer-encoding')
        ? []
        : [`content-length: ${Buffer.byteLength(body)}`]),
      ...(own('connection') || headers.some((line) => line.includes('\nconnection:'))
        ? []
        : ['connection: close']),
    ];
    const end = () => {
      socket.destroy();
      resolve(parse(Buffer.concat(chunks)));
    };
    socket.setTimeout(PATIENCE_MS, () => {
      socket.destroy();
      const sent = JSON.stringify({ method, target, headers, body }).slice(0, 2000);
      const received = parse(Buffer.concat(chunks)).status;
      reject(new Error(`no answer within ${PATIENCE_MS} ms to ${sent}; received ${received}`));
    });
    socket.on('data', (data: Buffer) => {
      chunks.push(data);
      // Streams of events have no end.
      const text = Buffer.concat(chunks.slice(0, 2)).toString('latin1');
      if (/^HTTP\/1\.1 \d+ [\s\S]*\r\n\r\n/.test(text) && /\r\ncontent-type: text\/event-stream/i.test(text))
        end();
      // The rest of a request that promised more than it has never comes.
      else if (isWhole(Buffer.concat(chunks))) end();
    });
    socket.on('error', () => {});
    socket.on('close', end);
    socket.write(
      Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), Buffer.from(body ?? '')]),
    );
    // What waits for the rest of a body is told that there is none.
    if (own('content-length') || own('transfer-encoding')) socket.end();
  });
}

/** Whether all of an answer with a length is there. */
function isWhole(bytes: Buffer): boolean {
  const text = final(bytes);
  const head = text.indexOf('\r\n\r\n');
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, head + 2))?.[1];
  return head !== -1 && length !== undefined && Buffer.byteLength(text) >= head + 4 + Number(length);
}

function parse(bytes: Buffer): WireAnswer {
  const text = final(bytes);
  const end = text.indexOf('\r\n\r\n');
  const [start = '', ...lines] = text.slice(0, Math.max(0, end)).split('\r\n');
  const headers = new Map(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  );
  // What lies behind it answers bytes that were left over, as if they were another request.
  const rest = Buffer.from(text.slice(end + 4));
  const body = rest.toString('utf8', 0, Number(headers.get('content-length') ?? rest.length));
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(start)?.[1] ?? 0), headers, body };
}

/** The answer that counts: interim ones (100 Continue) come before it. */
function final(bytes: Buffer): string {
  return bytes.toString('utf8').replace(/^(?:HTTP\/1\.1 1\d\d [^\r]*\r\n(?:[^\r]+\r\n)*\r\n)+/, '');
}
