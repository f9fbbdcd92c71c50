/** Tables and numbers as text for a terminal. Called by the benchmarks. */
import type { Summary } from './statistics.ts';

/** Columns as wide as their widest cell; the first aligned left, the others right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ');
  const [head, ...body] = rows;
  return [line(head!), widths.map((width) => '-'.repeat(width)).join('  '), ...body.map(line)].join('\n');
}

/** The median with as many decimals as make sense for its size, and smallest and largest behind it. */
export function range({ median, min, max }: Summary): string {
  const decimals = decimalsFor(median);
  const text = (value: number) =>
    value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  return min === max ? text(median) : `${text(median)} (${text(min)}–${text(max)})`;
}

function decimalsFor(value: number): number {
  if (value >= 100) return 0;
  return value >= 10 ? 1 : 2;
}
