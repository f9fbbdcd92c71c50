/**
 * A text without control characters, so that the name of a file or what a server answered cannot take over the
 * terminal. Line feeds stay. For whatever commands print that others have written.
 */
export function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n]/gu, escaped);
}

/** As JSON writes it; JSON leaves DEL and the controls above it as they are. */
function escaped(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20) return JSON.stringify(character).slice(1, -1);
  return `\\u${code.toString(16).padStart(4, '0')}`;
}
