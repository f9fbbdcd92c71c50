/** Tables for people: columns as wide as their widest cell, two spaces between them. Used by commands that list. */

/** Column names that begin with this are numbers: their cells stand on the right. */
const RIGHT = '>';

/**
 * @param columns names; `>` in front puts a column's cells to the right.
 * @returns lines with their line feeds; the names alone when there are no rows.
 */
export function table(columns: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [
    columns.map((name) => (name.startsWith(RIGHT) ? name.slice(1) : name)),
    ...rows.map((row) => row.map((cell) => String(cell).replaceAll('\n', ' '))),
  ];
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) =>
        columns[column]!.startsWith(RIGHT) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

/** Facts below one another: `name  value`. */
export function facts(pairs: readonly (readonly [name: string, value: string | number])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('');
}
