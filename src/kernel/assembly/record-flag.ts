/** Bits of the flags column; `RecordFlag` in slot.ts says what they mean, and a test that both agree. */

export const RECORD_SPLIT: u8 = 1;
export const RECORD_UNTERMINATED: u8 = 4;
