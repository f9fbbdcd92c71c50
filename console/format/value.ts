/** Any value of the API, such as a span's attribute, as text. */
export function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return value.toString();
  return value === undefined ? '' : JSON.stringify(value);
}
