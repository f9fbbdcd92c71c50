/** Says what is wrong with the text of a configuration in an operator's words. Used by document.ts only. */
import type { YAMLError } from 'yaml';

/** What is wrong and what to do, without the position. */
export function explainFault(fault: YAMLError, text: string): string {
  const line = text.slice(text.lastIndexOf('\n', fault.pos[0] - 1) + 1).split('\n', 1)[0]!;
  switch (fault.code) {
    case 'DUPLICATE_KEY': {
      const key = /^[^\s:,{}[\]]+/.exec(text.slice(fault.pos[0]))?.[0] ?? '';
      return `key ${key} is given twice in the same mapping; keep one`;
    }
    case 'TAB_AS_INDENT':
      return 'a tab is used for indentation; YAML accepts only spaces';
    case 'MULTIPLE_DOCS':
      return 'a second document starts here (---); a configuration is one document';
    case 'BAD_SCALAR_START':
      return `YAML: ${lowerFirst(fault.message)}; put the value in quotes`;
    case 'BAD_ALIAS':
      return 'a value that begins with * must be in quotes: without them YAML takes * for a reference';
    case 'BLOCK_AS_IMPLICIT_KEY':
      return 'YAML: a second ": " on the line; put a value that holds ": " in quotes';
    case 'TAG_RESOLVE_FAILED':
      return `YAML: ${lowerFirst(fault.message)}; tags are not used in a configuration`;
    default: {
      const quote = /^Missing closing (["'])quote/.exec(fault.message)?.[1];
      if (quote !== undefined) return `YAML: a closing ${quote} is missing`;
      const word = wordWithBrackets(text, fault.pos[0]);
      if (word !== undefined) {
        return `"${word}" must be in quotes: without them YAML takes { and [ for the start of a mapping or a list`;
      }
      // In `{ port: ${PORT} }` the variable's braces are, to YAML, a mapping of its own.
      // biome-ignore lint/suspicious/noTemplateCurlyInString: how a configuration names a variable
      const advice = '; inside {…} and […] put a value with ${…} in quotes, or give it a line of its own';
      const hint = /[{[].*\$\{/.test(line) ? advice : '';
      return `YAML: ${lowerFirst(fault.message)}${hint}`;
    }
  }
}

/**
 * The word around `offset` when a bracket in it is what confused YAML: `out/{source}.log` where it stands in a flow
 * mapping, `{source}.log` anywhere. Undefined where a variable's braces did.
 */
function wordWithBrackets(text: string, offset: number): string | undefined {
  const before = /(?:\{[^{}\n]*\}|\[[^[\]\n]*\]|[^\s,[\]{}"'])*$/.exec(text.slice(0, offset))?.[0] ?? '';
  const behind = /^(?:\{[^{}\n]*\}|\[[^[\]\n]*\]|[^\s,[\]{}"'])*/.exec(text.slice(offset))?.[0] ?? '';
  const word = before + behind;
  if (before === '' || behind === '' || word.includes('$')) return undefined;
  return /[{[]/.test(word) ? word : undefined;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
