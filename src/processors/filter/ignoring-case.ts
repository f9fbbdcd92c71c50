/**
 * Writes a regular expression so that it ignores the case of ASCII letters without the flag `i`, which V8's linear engine
 * does not know: `ab[c-e]` becomes `[aA][bB][c-eC-E]`. What is escaped keeps its meaning.
 */

/** An escape that stands for one thing, so that no letter in it is one to match: \x41, \u0041, \cA, \k<name>, \d … */
const ESCAPE = /\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|c[A-Za-z]|k<[^>]*>|[\s\S])/y;
/** What follows an opening parenthesis and is no text: (?: (?= (?! (?<= (?<! (?<name> */
const GROUP = /\(\?(?:[:=!]|<[=!]|<[^>]*>)/y;
const LETTER = /[A-Za-z]/;

/** @param source a valid source of a regular expression. */
export function ignoringCase(source: string): string {
  let written = '';
  let inClass = false;
  for (let at = 0; at < source.length; ) {
    const group = inClass ? null : sticky(GROUP, source, at);
    const whole = group ?? sticky(ESCAPE, source, at);
    if (whole !== null && !(inClass && isRange(source, at + whole.length))) {
      written += whole;
      at += whole.length;
      continue;
    }
    const character = whole ?? source[at]!;
    if (inClass && isRange(source, at + character.length)) {
      const from = character;
      const behind = at + from.length + 1;
      const to = sticky(ESCAPE, source, behind) ?? source[behind]!;
      written += `${from}-${to}${otherCaseOfRange(from, to)}`;
      at = behind + to.length;
      continue;
    }
    if (!inClass && character === '[') {
      inClass = true;
      // Before the first member, so that a "-" behind it makes no range.
      if (source[at + 1] === '^') {
        written += '[^';
        at += 2;
        continue;
      }
    } else if (inClass && character === ']') inClass = false;
    written += LETTER.test(character) ? bothCases(character, inClass) : character;
    at += character.length;
  }
  return written;
}

/** Whether a `-` that makes a range stands here: not the last one of a class. */
function isRange(source: string, at: number): boolean {
  return source[at] === '-' && source[at + 1] !== undefined && source[at + 1] !== ']';
}

function bothCases(letter: string, inClass: boolean): string {
  const pair = letter.toLowerCase() + letter.toUpperCase();
  return inClass ? pair : `[${pair}]`;
}

/** The letters of a range of a class in the other case; a range between escapes is left as it is. */
function otherCaseOfRange(from: string, to: string): string {
  if (from.length > 1 || to.length > 1) return '';
  const cut = (low: string, high: string, change: (letter: string) => string) => {
    const first = from > low ? from : low;
    const last = to < high ? to : high;
    return first > last ? '' : `${change(first)}-${change(last)}`;
  };
  return cut('a', 'z', (letter) => letter.toUpperCase()) + cut('A', 'Z', (letter) => letter.toLowerCase());
}

function sticky(pattern: RegExp, source: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0] ?? null;
}
