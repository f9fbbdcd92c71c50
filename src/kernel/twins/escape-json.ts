const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Twin of `Kernel.escapeJson`. */
export function escapeJson(bytes: Uint8Array): string {
  return JSON.stringify(decoder.decode(bytes)).slice(1, -1);
}
