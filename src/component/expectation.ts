/**
 * What a zod schema would have accepted, in the words of an operator, for an issue that has no words of its own. Used for the
 * configuration and for requests to the API.
 */
import type { z } from 'zod';

/** Such as `expected at least 1`; empty where the alternatives of a union say more. */
export function expectation(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${NOUNS[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return `expected ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${unit(issue.origin, issue.minimum)}`;
    case 'too_big':
      return `expected ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${unit(issue.origin, issue.maximum)}`;
    case 'invalid_format':
      if (issue.format === 'url') return 'expected a URL, such as http://127.0.0.1:3100';
      return issue.format === 'regex'
        ? `expected text that matches ${issue.pattern}`
        : `expected ${issue.format} text`;
    case 'not_multiple_of':
      return `expected a multiple of ${issue.divisor}`;
    case 'invalid_value':
      return `expected ${oneOf(issue.values)}`;
    case 'invalid_union':
      return Array.isArray(issue.options) ? `expected ${oneOf(issue.options)}` : '';
    default:
      return 'not accepted';
  }
}

const NOUNS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of keys to values',
  record: 'a mapping of keys to values',
};

function oneOf(values: readonly unknown[]): string {
  return values.length === 1 ? String(values[0]) : `one of ${values.join(', ')}`;
}

function unit(origin: string, amount: number | bigint): string {
  const nouns: Readonly<Record<string, string>> = {
    string: 'character',
    array: 'entry',
    set: 'entry',
    object: 'key',
    map: 'key',
  };
  const noun = nouns[origin];
  if (noun === undefined) return '';
  if (Number(amount) === 1) return ` ${noun}`;
  return noun === 'entry' ? ' entries' : ` ${noun}s`;
}
