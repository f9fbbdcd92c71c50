/** Speaks to the agent's API: JSON in, JSON out, errors in the API's own words. Called by state/ and pages/. */
import type { Problem } from './shapes.ts';
import { token, unauthorized } from './token.ts';

/** How long an answer may take before the connection counts as lost, in milliseconds. */
const PATIENCE_MS = 10_000;

/** What the API answered instead of what was asked for; `status` is 0 when it did not answer at all. */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem | null;

  constructor(status: number, message: string, problem: Problem | null = null) {
    super(message);
    this.status = status;
    this.problem = problem;
  }

  /** What was wrong with one field of the request, such as `rate`. */
  field(name: string): string | undefined {
    return this.problem?.errors?.find(({ field }) => field === name || field.endsWith(`.${name}`))?.detail;
  }

  /** This agent has no such resource: it is older, or was built without it. */
  get missing(): boolean {
    return this.status === 404 && this.message.startsWith('Nothing answers');
  }
}

export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return ask<T>('GET', path, undefined, signal);
}

/** Asks for a change, or for an answer that needs a body. */
export function send<T>(
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> {
  return ask<T>(method, path, body, signal);
}

async function ask<T>(method: string, path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const timeout = AbortSignal.timeout(PATIENCE_MS);
  const answer = await open(method, path, {
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    ...(body !== undefined && { body }),
  });
  return (await answer.json()) as T;
}

/** The answer with its body not read yet, for streams. @throws ApiError unless it is a success. */
export async function open(
  method: string,
  path: string,
  { body, signal }: { body?: unknown; signal: AbortSignal },
): Promise<Response> {
  const headers = new Headers({ accept: 'application/json, text/event-stream' });
  if (token.value !== null) headers.set('authorization', `Bearer ${token.value}`);
  if (body !== undefined) headers.set('content-type', 'application/json');
  let answer: Response;
  try {
    answer = await fetch(new URL(path, document.baseURI), {
      method,
      headers,
      signal,
      cache: 'no-store',
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  } catch (error) {
    if (signal.aborted && (signal.reason as Error)?.name === 'AbortError') throw error;
    throw new ApiError(0, 'No connection to the agent.');
  }
  if (answer.ok) return answer;
  if (answer.status === 401) unauthorized.value = true;
  const problem = await problemOf(answer);
  throw new ApiError(answer.status, problem?.detail ?? `The agent answered ${answer.status}.`, problem);
}

async function problemOf(answer: Response): Promise<Problem | null> {
  if (!answer.headers.get('content-type')?.startsWith('application/problem+json')) return null;
  return ((await answer.json().catch(() => null)) as Problem | null) ?? null;
}

/** What went wrong, in a sentence for the person who asked. */
export function wordsOf(error: unknown): string {
  if (error instanceof ApiError) {
    if (error.status === 403) return 'Needs a token with the role control.';
    if (error.missing) return 'This agent does not offer it.';
    return error.message;
  }
  return error instanceof Error ? error.message : String(error);
}

/** Whether it only says that the asker left. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
