/** Sends what OpenTelemetry's SDK makes through its own OTLP exporter and decodes what arrives. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace';
import { decode, RequestType, withScopeAttributes } from '../stubs/otlp-trace.ts';
import type { RawSpan } from './canonical.ts';

export class SdkExport {
  readonly processor: BatchSpanProcessor;
  readonly #server: Server;
  readonly #spans: readonly RawSpan[];

  private constructor(server: Server, spans: readonly RawSpan[]) {
    this.#server = server;
    this.#spans = spans;
    const { port } = server.address() as AddressInfo;
    const exporter = new OTLPTraceExporter({ url: `http://127.0.0.1:${port}/v1/traces` });
    this.processor = new BatchSpanProcessor({ exporter, maxQueueSize: 1_000_000, maxExportBatchSize: 1000 });
  }

  static async start(): Promise<SdkExport> {
    const spans: RawSpan[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        spans.push(...spansOf(decode(RequestType, Buffer.concat(chunks))));
        response.end();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new SdkExport(server, spans);
  }

  /** What has arrived when everything made so far has. */
  async finish(): Promise<readonly RawSpan[]> {
    await this.processor.forceFlush();
    return this.#spans;
  }

  async stop(): Promise<void> {
    await this.processor.shutdown();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Spans of all resources and scopes of a request. */
export function spansOf(message: Record<string, unknown>): RawSpan[] {
  const resources = (message.resourceSpans ?? []) as {
    scopeSpans?: { scope?: { attributes?: object[] }; spans?: RawSpan[] }[];
  }[];
  return resources.flatMap(({ scopeSpans = [] }) =>
    scopeSpans.flatMap(({ scope, spans = [] }) => withScopeAttributes(spans, scope?.attributes)),
  );
}
