/** Layout of one row of the slot's `contexts` column, in bytes: the W3C trace context that came with a log. */
export const ContextRow = {
  size: 32,
  traceId: 0,
  spanId: 16,
  /** Bits of `ContextFlag`. */
  flags: 24,
  /** 1: this row has a context; 0: it has none, and the other bytes mean nothing. */
  present: 25,
} as const;

export const ContextFlag = {
  /** W3C trace flags (Trace Context, section 3.2.2.5). */
  sampled: 0x01,
  /** The log did not say its flags; nothing is known then about sampling. */
  unknown: 0x80,
} as const;
