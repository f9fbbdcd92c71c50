/**
 * The YAML text of a configuration: parses it strictly, says where every key is, and gives its plain value.
 * Knows nothing of what the keys mean. Used by load.ts only.
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import type { Path } from './problem.ts';
import { explainFault } from './yaml-fault.ts';

/** A problem of the text itself. */
export interface TextProblem {
  readonly offset: number;
  readonly message: string;
}

export interface Position {
  /** Counted from 1. */
  readonly line: number;
  readonly column: number;
}

/** Where a path leads: the deepest node there is, the key it stands behind, and whether that is the whole way. */
interface Place {
  readonly node: Node | null;
  readonly key: Node | null;
  readonly complete: boolean;
}

export class ConfigDocument {
  readonly yaml: Document.Parsed;
  /** Faults of the text. While there are any, the value means nothing. */
  readonly problems: readonly TextProblem[];
  readonly #lines = new LineCounter();

  constructor(text: string) {
    this.yaml = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, merge: true });
    const faults: readonly YAMLError[] = [...this.yaml.errors, ...this.yaml.warnings];
    // Faults of one line follow from its first.
    const lines = new Set<number>();
    const first = faults.filter(({ pos }) => {
      const { line } = this.positionOf(pos[0]);
      return !lines.has(line) && lines.add(line);
    });
    const problems = first.map((fault) => ({ offset: fault.pos[0], message: this.#explain(fault, text) }));
    if (problems.length === 0) problems.push(...referenceProblems(this.yaml));
    this.problems = problems;
    if (problems.length === 0) forgetEmptyValues(this.yaml);
  }

  /** The document as plain data. A key with nothing behind it is undefined: as if it were absent. */
  value(): unknown {
    // Aliases cannot be circular here; their number is bounded by yaml's own limit (100 expansions).
    return this.yaml.toJS() as unknown;
  }

  positionOf(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  /** Where to look for the value at `path`, or, where it is missing, for what should hold it. */
  positionOfValue(path: Path): Position {
    const { node, key, complete } = this.#find(path);
    const empty = isScalar(node) && (node.value === undefined || node.value === null);
    return this.#positionOfNode(complete && empty && key !== null ? key : (node ?? key));
  }

  /** Where the key itself stands that `path` ends with. */
  positionOfKey(path: Path): Position {
    const { node, key, complete } = this.#find(path);
    return this.#positionOfNode(complete ? (key ?? node) : node);
  }

  /** The node at exactly this path. */
  nodeAt(path: Path): Node | undefined {
    const { node, complete } = this.#find(path);
    return complete && node !== null ? node : undefined;
  }

  #explain(fault: YAMLError, text: string): string {
    const kind = /^Flow (sequence|map) in block/.exec(fault.message)?.[1];
    const open = kind === undefined ? undefined : lastOpened(this.yaml, fault.pos[0], kind === 'map');
    if (open === undefined) return explainFault(fault, text);
    const { line, column } = this.positionOf(open);
    const [opening, closing] = kind === 'map' ? '{}' : '[]';
    return `YAML: the ${opening} at line ${line}, column ${column} is not closed; its ${closing} must come before this`;
  }

  #positionOfNode(node: Node | null): Position {
    return this.positionOf(node?.range?.[0] ?? 0);
  }

  #find(path: Path): Place {
    let node: Node | null = this.yaml.contents;
    let key: Node | null = null;
    for (const part of path) {
      const holder: Node | null | undefined = isAlias(node) ? node.resolve(this.yaml) : node;
      if (isMap(holder)) {
        const pair = findPair(this.yaml, holder, String(part));
        if (pair === undefined) return { node, key, complete: false };
        key = pair.key as Node | null;
        node = pair.value as Node | null;
      } else if (isSeq(holder) && typeof part === 'number' && part < holder.items.length) {
        key = null;
        node = holder.items[part] as Node;
      } else {
        return { node, key, complete: false };
      }
    }
    return { node, key, complete: true };
  }
}

function isMergeKey(key: unknown): boolean {
  if (!isScalar(key)) return false;
  return key.value === '<<' || (typeof key.value === 'symbol' && key.value.description === '<<');
}

/** The maps a merge key brings in, in order of precedence; undefined when its value is not made of maps. */
function mergedMaps(document: Document, value: unknown): YAMLMap[] | undefined {
  const source = isAlias(value) ? value.resolve(document) : value;
  const items = isSeq(source) ? source.items : [source];
  const maps = items.map((item) => (isAlias(item) ? item.resolve(document) : item));
  return maps.every((map) => isMap(map)) ? maps : undefined;
}

/** The pair with that key in the map itself or, failing that, in what it merges in. */
function findPair(document: Document, map: YAMLMap, name: string): Pair | undefined {
  const own = map.items.find(({ key }) => isScalar(key) && !isMergeKey(key) && String(key.value) === name);
  if (own !== undefined) return own;
  for (const { key, value } of map.items) {
    if (!isMergeKey(key)) continue;
    for (const merged of mergedMaps(document, value) ?? []) {
      const found = findPair(document, merged, name);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/**
 * Aliases that lead nowhere or into themselves and merge keys without maps, which yaml finds only when it is too late
 * for a position; and a key that plain objects, hence validators, pass over in silence.
 */
function referenceProblems(document: Document): TextProblem[] {
  const problems: TextProblem[] = [];
  visit(document, {
    Alias(_key, node, ancestors) {
      const target = node.resolve(document);
      const offset = node.range?.[0] ?? 0;
      if (target === undefined) {
        // `*.log` is a pattern to people and an alias to YAML.
        const isPattern = !/^\w[\w-]*$/.test(node.source);
        problems.push({
          offset,
          message: isPattern
            ? `"*${node.source}" must be in quotes: without them YAML takes * for a reference`
            : `alias *${node.source}: no anchor &${node.source} stands before it`,
        });
      } else if (ancestors.includes(target)) {
        problems.push({
          offset,
          message: `alias *${node.source} refers to what it stands in; a value cannot hold itself`,
        });
      }
    },
  });
  if (problems.length > 0) return problems;
  visit(document, {
    Pair(_key, pair) {
      const { key, value } = pair;
      if (!isScalar(key)) return;
      const offset = key.range?.[0] ?? 0;
      if (key.value === '__proto__') {
        problems.push({ offset, message: '__proto__ cannot be used as a key; rename it' });
      } else if (isMergeKey(key) && mergedMaps(document, value) === undefined) {
        problems.push({ offset, message: '"<<" takes a mapping, an alias of one, or a list of them' });
      }
    },
  });
  return problems;
}

/** `server:` with all its keys commented out means "the defaults", not "null". */
function forgetEmptyValues(document: Document): void {
  visit(document, {
    Pair(_key, pair) {
      if (isScalar(pair.value) && pair.value.value === null) pair.value.value = undefined;
    },
  });
}

/** Offset of the innermost `{` or `[` that was opened before `offset` and not closed by then. */
function lastOpened(document: Document, offset: number, isMapping: boolean): number | undefined {
  let opened: number | undefined;
  visit(document, {
    Collection(_key, node) {
      const [start, end] = node.range ?? [0, 0];
      if (node.flow === true && isMap(node) === isMapping && start < offset && end >= offset) opened = start;
    },
  });
  return opened;
}
