/**
 * Answers "where is my line?": finds the line in the files that sources read (line-search.ts), or the log by its id, and
 * says what became of it (passage-verdict.ts and its siblings) with the proof that the agent has. Never looks into a file that no source reads.
 * Asked by the API and the command line; costs the pipeline nothing until it is asked.
 */
import type { Clock } from '../component/clock.ts';
import type { LineAnswer, WhereAnswer } from './answer.ts';
import type { DeliveryJournal } from './journal.ts';
import type { Knowledge, TailedFile } from './knowledge.ts';
import { type FoundLine, LineSearch } from './line-search.ts';
import { findById } from './log-ids.ts';
import { Proof, type Spot } from './proof.ts';
import { filesAt } from './tailed-files.ts';
import { count } from './words.ts';

export type WhereQuery =
  | { readonly id: string }
  | {
      /** Absolute; only `text` does without: then all files that are read are looked through. */
      readonly file?: string | undefined;
      /** Device and inode of the file meant, if another may have its path by now. */
      readonly fileId?: string | undefined;
      readonly line?: number | undefined;
      readonly offset?: number | undefined;
      readonly text?: string | undefined;
      /** Most lines to answer for. */
      readonly limit?: number | undefined;
    };

export interface WhereOptions {
  readonly journal: DeliveryJournal;
  readonly knowledge: Knowledge;
  readonly clock: Clock;
  /** Folder of the dead letters; it need not exist. */
  readonly deadLetters: string;
  /** When the agent began, in ISO 8601. */
  readonly startedAt: string;
}

const DEFAULT_LIMIT = 5;
/** Most bytes that are looked through for a text: some seconds of a disk's time. */
const SEARCH_BUDGET = 16 * 2 ** 30;

export class Where {
  readonly #options: WhereOptions;
  readonly #search = new LineSearch();
  readonly #proof: Proof;

  constructor(options: WhereOptions) {
    this.#options = options;
    this.#proof = new Proof({ ...options, search: this.#search });
  }

  /** @throws SearchRefused when there are too many questions, or a disk does not answer. */
  async where(query: WhereQuery): Promise<WhereAnswer> {
    if ('id' in query) return this.#byId(query.id);
    if (query.text !== undefined) return this.#byText(query.text, query);
    return this.#byPlace(query);
  }

  /** Ends a search under way. Safe twice. */
  close(): Promise<void> {
    return this.#search.close();
  }

  async #byId(id: string): Promise<WhereAnswer> {
    const spots = await findById(id, { ...this.#options, search: this.#search });
    if (spots.length === 0) {
      const what = id.length === 32 ? 'trace' : 'record uid';
      return unknown('no_trace', `${this.#sinceStart()} no log with this ${what} is remembered.`);
    }
    return this.#answer(spots.slice(0, DEFAULT_LIMIT), spots.length, true);
  }

  async #byPlace(query: {
    file?: string;
    fileId?: string;
    line?: number;
    offset?: number;
  }): Promise<WhereAnswer> {
    const path = query.file!;
    const { current, earlier } = await filesAt(path, this.#options.knowledge.files(), query.fileId);
    if (current.length === 0) return this.#notTailed(path);
    const [{ file }] = current as [TailedFile];
    const ask =
      query.line === undefined
        ? ({ kind: 'offset', offset: query.offset ?? 0 } as const)
        : ({ kind: 'line', line: query.line } as const);
    const [found] = await this.#search.search({ files: [file], ask });
    const line = found!.found[0];
    if (line === undefined && found!.path !== null) {
      const has =
        query.line === undefined ? `${count(found!.size)} bytes` : `${count(found!.lines ?? 0)} lines`;
      const before =
        earlier.length === 0 ? '' : ` Rotation has put ${count(earlier.length)} older files of it aside.`;
      return unknown('not_found', `${path} has ${has}.${before}`);
    }
    if (line === undefined && query.offset === undefined) {
      return unknown('not_found', `${path} is not there any more, so its lines cannot be counted.`);
    }
    const at = line ?? { offset: query.offset!, end: query.offset! + 1, terminated: true, line: null };
    return this.#answer(
      current.map((each) => spotOf(each, at, found!.path)),
      current.length,
      true,
    );
  }

  async #byText(
    text: string,
    query: { file?: string; fileId?: string; limit?: number },
  ): Promise<WhereAnswer> {
    const limit = query.limit ?? DEFAULT_LIMIT;
    let files: readonly TailedFile[];
    if (query.file === undefined) files = [...this.#options.knowledge.files()].reverse();
    else {
      const { current, earlier } = await filesAt(query.file, this.#options.knowledge.files(), query.fileId);
      if (current.length === 0) return this.#notTailed(query.file);
      files = query.fileId === undefined ? [...current, ...earlier] : current;
    }
    const byKey = new Map<string, TailedFile[]>();
    for (const each of files) byKey.set(each.file.key, [...(byKey.get(each.file.key) ?? []), each]);
    const answers = await this.#search.search({
      files: [...byKey.values()].map(([each]) => each!.file),
      ask: { kind: 'text', text: Buffer.from(text), limit, budget: SEARCH_BUDGET },
    });
    const spots = answers.flatMap(({ key, path, found }) =>
      found.flatMap((line) => byKey.get(key)!.map((each) => spotOf(each, line, path))),
    );
    const complete = answers.every((answer) => answer.complete);
    if (spots.length === 0) {
      const where = query.file ?? 'the files that are read';
      const rest = complete ? '' : ' Not everything was looked through.';
      return { ...unknown('not_found', `No line of ${where} contains the text.${rest}`), complete };
    }
    return this.#answer(spots, spots.length, complete);
  }

  async #answer(spots: readonly Spot[], matches: number, complete: boolean): Promise<WhereAnswer> {
    const [first, ...others] = await this.#proof.of(spots);
    return { ...first!, matches, complete, others };
  }

  #notTailed(path: string): WhereAnswer {
    const sources = this.#options.knowledge.sources();
    return unknown(
      'not_tailed',
      `No source of this agent reads ${path}. Its sources: ${sources.join(', ')}.`,
    );
  }

  #sinceStart(): string {
    return `Since the agent began at ${this.#options.startedAt}`;
  }
}

function spotOf({ source, file }: TailedFile, line: FoundLine, path: string | null): Spot {
  return { source, sourceId: file.stream, file, path, line, offset: line.offset };
}

function unknown(basis: LineAnswer['basis'], explanation: string): WhereAnswer {
  return {
    verdict: 'unknown',
    basis,
    explanation,
    sinks: [],
    stages: [],
    matches: 0,
    complete: true,
    others: [],
  };
}
