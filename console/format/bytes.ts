/** Sizes for people: binary units, at most three figures. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** `0 B`, `130 KiB`, `4.7 MiB`, `1.25 GiB`. */
export function bytes(value: number): string {
  let scaled = value;
  let unit = 0;
  // Four figures would be too many: 1,000 KiB is 0.98 MiB.
  while (scaled >= 999.5 && unit < UNITS.length - 1) {
    scaled /= 1024;
    unit++;
  }
  const text =
    unit === 0 ? Math.round(scaled) : Number(scaled.toFixed(scaled < 1 ? 2 : scaled < 99.95 ? 1 : 0));
  return `${text} ${UNITS[unit]}`;
}
