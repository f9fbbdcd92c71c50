import { hexOf8 } from './hex';
import { bigEndian } from './trace-ids';

/** Writes the low 48 bits of a position as 12 hexadecimal digits. Called by the encoders of spans. */
export function putUid(to: usize, offset: u64): void {
  const digits = hexOf8(bigEndian(offset));
  v128.store32_lane(to, digits, 1);
  v128.store64_lane(to, digits, 1, 4);
}
