import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import thrift, { type TBinaryProtocol } from 'thrift';

/**
 * Jaeger's HTTP collector for tests: takes batches at `/api/traces?format=jaeger.thrift`, decodes them with Apache's
 * Thrift library by the public jaeger.thrift (jaegertracing/jaeger-idl), and refuses whatever the IDL does not have.
 */

type StructName = 'Batch' | 'Process' | 'Span' | 'SpanRef' | 'Log' | 'Tag';
/** The type of a field; a structure's name in brackets for a list of them. */
type FieldType = 'bool' | 'i32' | 'i64' | 'double' | 'string' | 'binary' | StructName | readonly [StructName];
type Struct = Readonly<Record<number, readonly [name: string, type: FieldType, required: boolean]>>;

const IDL: Readonly<Record<StructName, Struct>> = {
  Batch: { 1: ['process', 'Process', true], 2: ['spans', ['Span'], true] },
  Process: { 1: ['serviceName', 'string', true], 2: ['tags', ['Tag'], false] },
  Span: {
    1: ['traceIdLow', 'i64', true],
    2: ['traceIdHigh', 'i64', true],
    3: ['spanId', 'i64', true],
    4: ['parentSpanId', 'i64', true],
    5: ['operationName', 'string', true],
    6: ['references', ['SpanRef'], false],
    7: ['flags', 'i32', true],
    8: ['startTime', 'i64', true],
    9: ['duration', 'i64', true],
    10: ['tags', ['Tag'], false],
    11: ['logs', ['Log'], false],
  },
  SpanRef: {
    1: ['refType', 'i32', true],
    2: ['traceIdLow', 'i64', true],
    3: ['traceIdHigh', 'i64', true],
    4: ['spanId', 'i64', true],
  },
  Log: { 1: ['timestamp', 'i64', true], 2: ['fields', ['Tag'], true] },
  Tag: {
    1: ['key', 'string', true],
    2: ['vType', 'i32', true],
    3: ['vStr', 'string', false],
    4: ['vDouble', 'double', false],
    5: ['vBool', 'bool', false],
    6: ['vLong', 'i64', false],
    7: ['vBinary', 'binary', false],
  },
};

/** Names of `TagType` in its order, and the field that holds a value of it. */
const TAG_FIELDS = ['vStr', 'vDouble', 'vBool', 'vLong', 'vBinary'];

// biome-ignore lint/suspicious/noExplicitAny: what it decodes is compared with literals
type Decoded = any;

export class JaegerCollector {
  /** Batches as decoded, tags as objects by key. */
  readonly batches: Decoded[] = [];
  readonly violations: string[] = [];
  /** Statuses to answer with, first first; then 202. */
  readonly statuses: number[] = [];
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async start(): Promise<JaegerCollector> {
    const server = createServer((request, response) => void collector.#handle(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const collector = new JaegerCollector(
      server,
      `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/traces`,
    );
    return collector;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    try {
      const type = request.headers['content-type'];
      if (request.method !== 'POST' || request.url !== '/api/traces?format=jaeger.thrift') {
        throw new Error(`${request.method} ${request.url}`);
      }
      if (type !== 'application/x-thrift') throw new Error(`content-type ${type}`);
      this.batches.push(
        decodeBatch(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body),
      );
    } catch (error) {
      this.violations.push((error as Error).message);
      response.writeHead(400).end((error as Error).message);
      return;
    }
    const status = this.statuses.shift() ?? 202;
    response.writeHead(status).end(status === 202 ? '' : 'Cannot submit Jaeger batch: queue full');
  }
}

/** A whole `Batch` and nothing behind it. */
export function decodeBatch(bytes: Buffer): Decoded {
  let batch: Decoded;
  thrift.TBufferedTransport.receiver((transport) => {
    const protocol = new thrift.TBinaryProtocol(transport);
    batch = readStruct(protocol, 'Batch');
    const { readCursor, writeCursor } = transport as { readCursor: number; writeCursor: number };
    if (readCursor !== writeCursor) throw new Error(`${writeCursor - readCursor} bytes behind the batch`);
  })(bytes);
  if (batch === undefined) throw new Error('the batch is cut off');
  return batch;
}

function readStruct(protocol: TBinaryProtocol, name: StructName): Decoded {
  const fields: Struct = IDL[name];
  const result: Record<string, Decoded> = {};
  protocol.readStructBegin();
  for (;;) {
    const { ftype, fid } = protocol.readFieldBegin();
    if (ftype === thrift.Thrift.Type.STOP) break;
    const field = fields[fid];
    if (field === undefined) throw new Error(`${name} has no field ${fid}`);
    if (field[0] in result) throw new Error(`${name}.${field[0]} is there twice`);
    result[field[0]] = readValue(protocol, field[1], ftype, `${name}.${field[0]}`);
    protocol.readFieldEnd();
  }
  protocol.readStructEnd();
  for (const [field, , required] of Object.values(fields)) {
    if (required && !(field in result)) throw new Error(`${name}.${field} is missing`);
  }
  return name === 'Tag' ? checkedTag(result) : result;
}

function readValue(protocol: TBinaryProtocol, type: FieldType, ftype: number, path: string): Decoded {
  const { Type } = thrift.Thrift;
  const expect = (expected: number) => {
    if (ftype !== expected) throw new Error(`${path} has type ${ftype}, not ${expected}`);
  };
  if (typeof type !== 'string') {
    expect(Type.LIST);
    const { etype, size } = protocol.readListBegin();
    if (etype !== Type.STRUCT) throw new Error(`${path} is a list of ${etype}`);
    const list = Array.from({ length: size }, () => readStruct(protocol, type[0]));
    return type[0] === 'Tag' ? tagsByKey(list, path) : list;
  }
  switch (type) {
    case 'bool':
      expect(Type.BOOL);
      return protocol.readBool();
    case 'i32':
      expect(Type.I32);
      return protocol.readI32();
    case 'i64': {
      expect(Type.I64);
      const { buffer, offset } = protocol.readI64();
      return Buffer.from(buffer).readBigInt64BE(offset);
    }
    case 'double':
      expect(Type.DOUBLE);
      return protocol.readDouble();
    case 'string':
      expect(Type.STRING);
      return protocol.readString();
    case 'binary':
      expect(Type.STRING);
      return protocol.readBinary();
    default:
      expect(Type.STRUCT);
      return readStruct(protocol, type);
  }
}

/** The value is in the field that the type names, and in no other. */
function checkedTag({ key, vType, ...values }: Record<string, Decoded>): [string, Decoded] {
  const field = TAG_FIELDS[vType]!;
  if (Object.keys(values).join() !== field)
    throw new Error(`tag ${key}: ${Object.keys(values).join()} for type ${vType}`);
  return [key, values[field]];
}

function tagsByKey(tags: [string, Decoded][], path: string): Record<string, Decoded> {
  const result = Object.fromEntries(tags);
  if (Object.keys(result).length !== tags.length) throw new Error(`${path} has a key twice`);
  return result;
}
