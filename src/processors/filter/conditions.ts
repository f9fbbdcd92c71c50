/** Whether an expression holds for one row. Called for each row in question by select.ts. */
import { type Fields, Severity } from '../../record/batch.ts';
import type { Comparison, Expression, LevelName, Value } from './parse.ts';
import type { Place } from './select.ts';

/** `fields` gives the fields of a row; asked only by conditions on fields. */
export type Test = (place: Place, row: number, fields: (row: number) => Fields | undefined) => boolean;

/** How much of a record patterns look at, in bytes: it bounds what the slowest of them costs. */
export const PATTERN_BYTES = 16_384;

export function holdsFor(expression: Expression): Test {
  switch (expression.kind) {
    case 'and': {
      const tests = expression.parts.map(holdsFor);
      return (place, row, fields) => tests.every((test) => test(place, row, fields));
    }
    case 'or': {
      const tests = expression.parts.map(holdsFor);
      return (place, row, fields) => tests.some((test) => test(place, row, fields));
    }
    case 'not': {
      const test = holdsFor(expression.part);
      return (place, row, fields) => !test(place, row, fields);
    }
    case 'text_contains': {
      const needle = Buffer.from(expression.text);
      return (place, row) => recordOf(place, row).includes(needle);
    }
    case 'text_equals': {
      const text = Buffer.from(expression.text);
      return (place, row) =>
        place.batch.slot.lengths[row] === text.length && recordOf(place, row).equals(text);
    }
    case 'text_matches': {
      const { pattern } = expression;
      return ({ batch: { slot }, bytes }, row) => {
        const start = slot.starts[row]!;
        return pattern.test(
          bytes.toString('utf8', start, start + Math.min(slot.lengths[row]!, PATTERN_BYTES)),
        );
      };
    }
    case 'level':
      return ofLevel(expression.comparison, expression.level);
    case 'field_exists':
      return ofField(expression.path, (value) => value !== undefined);
    case 'field_equals': {
      const { value: wanted } = expression;
      return ofField(expression.path, (value) => value === wanted);
    }
    case 'field_contains': {
      const { text } = expression;
      return ofField(expression.path, (value) =>
        typeof value === 'string' || Array.isArray(value) ? value.includes(text) : false,
      );
    }
    case 'field_matches': {
      const { pattern } = expression;
      return ofField(
        expression.path,
        (value) => typeof value === 'string' && pattern.test(value.slice(0, PATTERN_BYTES)),
      );
    }
    case 'field_compares': {
      const { comparison, value: limit } = expression;
      return ofField(
        expression.path,
        (value) => typeof value === 'number' && compares(value, comparison, limit, limit),
      );
    }
  }
}

function recordOf({ batch: { slot }, bytes }: Place, row: number): Buffer {
  return bytes.subarray(slot.starts[row]!, slot.starts[row]! + slot.lengths[row]!);
}

/**
 * A name stands for a range of four numbers (OpenTelemetry's log data model), so that `level == warn` holds for 13 to 16.
 * Where the level is unknown, only `== unknown` and `!=` hold.
 */
function ofLevel(comparison: Comparison, level: LevelName): Test {
  const least = Severity[level];
  const most = level === 'unknown' ? least : least + 3;
  return ({ batch }, row) => {
    const severity = batch.hasSeverities ? batch.slot.severities[row]! : Severity.unknown;
    if (severity === Severity.unknown) {
      return comparison === '!=' ? level !== 'unknown' : comparison === '==' && level === 'unknown';
    }
    return compares(severity, comparison, least, most);
  };
}

/** Compares with a range; of a single number both ends are the same. */
function compares(value: number, comparison: Comparison, least: number, most: number): boolean {
  switch (comparison) {
    case '==':
      return value >= least && value <= most;
    case '!=':
      return value < least || value > most;
    case '<':
      return value < least;
    case '<=':
      return value <= most;
    case '>':
      return value > most;
    case '>=':
      return value >= least;
  }
}

function ofField(path: readonly string[], holds: (value: Value | object | undefined) => boolean): Test {
  return (_, row, fields) => holds(valueAt(fields(row), path));
}

function valueAt(fields: Fields | undefined, path: readonly string[]): Value | object | undefined {
  let value: unknown = fields;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value as Value | object | undefined;
}
