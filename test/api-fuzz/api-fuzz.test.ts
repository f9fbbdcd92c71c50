/**
 * Right, nearly right and hostile requests, made from the OpenAPI document that the agent itself serves, against the real
 * agent while logs flow. `API_FUZZ_REQUESTS` says how many; a failure names the seed that makes the same ones again.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AgentUnderTest } from '../fixtures/agent.ts';
import { type ApiDocument, requestsOf, type WireRequest } from './requests.ts';
import { send, type WireAnswer } from './wire.ts';

/** Only operations whose path begins so, to look closer at one. */
const PATH = process.env.API_FUZZ_PATH ?? '';
const REQUESTS = Number(process.env.API_FUZZ_REQUESTS ?? 1000);
/** Sent at once. */
const ABREAST = 20;
/** What V8 has not collected yet: 128 MiB were seen after 10,000 requests and 48 after 40,000, so nothing is kept for good. */
const GROWTH_BYTES = 192 * 2 ** 20;

let agent: AgentUnderTest;
let document: ApiDocument;

beforeAll(async () => {
  agent = await AgentUnderTest.create();
  await agent.configure({
    server: { port: agent.port, rate_limit: { requests: 1_000_000, per: '1s' } },
    sources: [{ id: 'demo', type: 'demo', rate: 1000 }],
    sinks: [{ id: 'out', type: 'blackhole' }],
    tracing: { mode: 'hybrid', log_tracing_rate: 0.01, store: { memory: '4MiB' } },
  });
  await agent.start();
  const { paths } = (await (await agent.get('/api/openapi.json')).json()) as ApiDocument;
  document = { paths: Object.fromEntries(Object.entries(paths).filter(([path]) => path.startsWith(PATH))) };
});
afterAll(() => agent[Symbol.asyncDispose]());

/** Statuses seen, for whoever reads the output. */
const seen = new Map<number, number>();

function judge(request: WireRequest, answer: WireAnswer): void {
  const { status, headers } = answer;
  seen.set(status, (seen.get(status) ?? 0) + 1);
  const type = headers.get('content-type') ?? '';
  const sent = `${request.method} ${request.target} ${String(request.body ?? '')}`;
  const about = `${sent.slice(0, 2000)} → ${status} ${answer.body.slice(0, 300)}`;
  // 503 says that the agent cannot do it now: only where the document says so.
  if (status >= 500) {
    const isDocumented = status === 503 && request.documented?.includes(503) === true;
    expect(isDocumented, `${about}\n${agent.stderr.slice(-2000)}`).toBe(true);
  }
  if (request.documented !== null) {
    expect(status, about).not.toBe(0);
    const refusals = [400, 404, 414, 431];
    expect([...request.documented, ...refusals], about).toContain(status);
  }
  // Jaeger's API has errors of its own; 503 may be an answer of its own.
  const isProblem = status >= 400 && status !== 503 && !request.target.startsWith('/jaeger/');
  if (isProblem && request.method !== 'HEAD' && answer.body !== '') {
    expect(type, about).toMatch(/^application\/(?:problem\+)?json/);
    expect(JSON.parse(answer.body), about).toMatchObject({ status, detail: expect.any(String) });
  }
}

async function residentBytes(): Promise<number> {
  const text = await (await agent.get('/metrics')).text();
  return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1]);
}

async function round(requests: readonly WireRequest[]): Promise<void> {
  const answers = await Promise.all(requests.map((request) => send(agent.port, request)));
  for (const [i, answer] of answers.entries()) judge(requests[i]!, answer);
  expect((await agent.get('/health')).status).toBe(200);
}

test(`${REQUESTS} requests: each is answered, none of them by a fault, and logs flow on`, async () => {
  const arbitrary = fc.array(requestsOf(document), { minLength: ABREAST, maxLength: ABREAST });
  // What grows once (compiled code, caches, the trace store) has grown before memory is compared.
  await fc.assert(fc.asyncProperty(arbitrary, round), { numRuns: 5, endOnFailure: true });
  const [before, memory] = [await agent.status(), await residentBytes()];
  await fc.assert(fc.asyncProperty(arbitrary, round), {
    numRuns: Math.ceil(REQUESTS / ABREAST),
    // Made smaller, a group would be sent again and again; the message names the request.
    endOnFailure: true,
    interruptAfterTimeLimit: 600_000,
    markInterruptAsFailure: true,
  });
  const delivered = before.sinks[0]!.ledger.delivered;
  const after = await agent.statusWhen(({ sinks }) => sinks[0]!.ledger.delivered > delivered);
  expect(after.sinks[0]!.ledger.balanced).toBe(true);
  expect(after.sources[0]!.ledger.balanced).toBe(true);
  const growth = (await residentBytes()) - memory;
  console.log(
    `answers: ${[...seen]
      .sort(([a], [b]) => a - b)
      .map(([status, count]) => `${status || 'none'} ${count}`)
      .join(', ')}; memory ${(growth / 2 ** 20).toFixed(1)} MiB`,
  );
  expect(growth).toBeLessThan(GROWTH_BYTES);
  expect(agent.stderr).not.toMatch(/HTTP request failed|a fault of log-capturer itself/);
  expect(await agent.stop()).toBe(0);
}, 900_000);
