/** `log-capturer where`: asks a running agent what became of a line, and with `--follow` waits until that is settled. */

import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WhereResult } from '../http/schemas/where.ts';
import { ApiClient, ApiError, type ApiOptions } from './api-client.ts';
import { ExitCode } from './exit-code.ts';
import { print, printError } from './print.ts';
import { printable } from './printable.ts';
import { showWhere } from './show-where.ts';

export interface WhereOptions extends ApiOptions {
  readonly file?: string;
  readonly line?: string;
  readonly offset?: string;
  readonly text?: string;
  readonly id?: string;
  readonly all?: boolean;
  readonly follow?: boolean;
}

/** Most lines that `--all` shows. */
const ALL = 100;
/** How often `--follow` asks, in milliseconds. */
const FOLLOW_MS = 250;
/** How often it asks for a line that is not found yet: looking through a large file takes its time. */
const SEARCH_MS = 1000;
/** How long it takes an agent to find a new file, at the most, in milliseconds. */
const DISCOVERY_MS = 10_000;

export async function where(options: WhereOptions): Promise<ExitCode> {
  let api: ApiClient | undefined;
  try {
    api = new ApiClient(options);
    const answer = options.follow ? await follow(api, options) : await ask(api, queryOf(options));
    print(options.json ? `${JSON.stringify(answer, null, 2)}\n` : printable(showWhere(answer)));
    return exitCodeOf(answer.verdict);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    printError(`log-capturer: ${printable(error.message)}\n`);
    return error.status === 400 ? ExitCode.usage : ExitCode.failure;
  } finally {
    await api?.close();
  }
}

export function exitCodeOf(verdict: WhereResult['verdict']): ExitCode {
  if (verdict === 'delivered') return ExitCode.ok;
  if (verdict === 'in_flight' || verdict === 'not_read_yet') return ExitCode.pending;
  return verdict === 'unknown' ? ExitCode.unknown : ExitCode.undelivered;
}

/** The agent knows files by absolute paths. */
export function queryOf({ file, line, offset, text, id, all }: WhereOptions): URLSearchParams {
  const query = new URLSearchParams();
  if (file !== undefined) query.set('file', resolve(file));
  for (const [name, value] of Object.entries({ line, offset, text, id })) {
    if (value !== undefined) query.set(name, value);
  }
  if (all) query.set('limit', String(ALL));
  return query;
}

function ask(api: ApiClient, query: URLSearchParams): Promise<WhereResult> {
  return api.ask<WhereResult>('GET', `/api/where?${query.toString()}`);
}

/** Asks until the line has come to its end. Once it is found it is asked for by its place, which costs next to nothing. */
async function follow(api: ApiClient, options: WhereOptions): Promise<WhereResult> {
  let query = queryOf(options);
  let waited = 0;
  let shown = '';
  for (;;) {
    const answer = await ask(api, query);
    if (isFinal(answer, waited)) return answer;
    if (!options.json && process.stderr.isTTY && answer.explanation !== shown) {
      shown = answer.explanation;
      printError(`${printable(answer.explanation)}\n`);
    }
    if (answer.file_id !== undefined && answer.offset !== undefined && answer.source_id !== undefined) {
      query = new URLSearchParams({
        file: answer.file ?? answer.source_id,
        offset: String(answer.offset),
        file_id: answer.file_id,
      });
    }
    const pauseMs = answer.verdict === 'unknown' ? SEARCH_MS : FOLLOW_MS;
    await sleep(pauseMs);
    waited += pauseMs;
  }
}

function isFinal({ verdict, basis }: WhereResult, waitedMs: number): boolean {
  if (verdict === 'in_flight' || verdict === 'not_read_yet') return false;
  if (verdict !== 'unknown') return true;
  // A line that is not there may be written yet; a file that no source reads may be new.
  return basis !== 'not_found' && (basis !== 'not_tailed' || waitedMs >= DISCOVERY_MS);
}
