import fc from 'fast-check';
import { expect, test } from 'vitest';
import { extendHead, FINGERPRINT_BYTES, type Fingerprint, matches, NOTHING, tailOf } from './fingerprint.ts';

const reads = fc.array(fc.uint8Array({ minLength: 1, maxLength: 1500 }), { minLength: 1, maxLength: 8 });

test('the head does not depend on how the file was read', () => {
  fc.assert(
    fc.property(reads, (pieces) => {
      let head: Fingerprint = NOTHING;
      let from = 0;
      for (const piece of pieces) {
        head = extendHead(head, from, Buffer.from(piece));
        from += piece.length;
      }
      expect(head.bytes).toBe(Math.min(from, FINGERPRINT_BYTES));
      expect(matches(head, Buffer.concat(pieces).subarray(0, FINGERPRINT_BYTES))).toBe(true);
    }),
  );
});

test('the tail does not depend on how the file was read', () => {
  fc.assert(
    fc.property(reads, (pieces) => {
      let tail: Fingerprint = NOTHING;
      let all = Buffer.alloc(0);
      for (const piece of pieces) {
        tail = tailOf(all.subarray(all.length - tail.bytes), Buffer.from(piece));
        all = Buffer.concat([all, piece]);
      }
      expect(matches(tail, all.subarray(-FINGERPRINT_BYTES))).toBe(true);
    }),
  );
});

test('a head whose first bytes are unknown stays unknown', () => {
  expect(extendHead(NOTHING, 10, Buffer.from('x'))).toEqual(NOTHING);
});
