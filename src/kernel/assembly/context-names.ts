/** Finds where JSON text may hold the names of a trace context. Called by contexts.ts. */

const QUOTE: u8 = 0x22;

/** `"traceparent"` and `"trace_flags"` in memory order, without the opening quote: eight letters, and four more with the closing quote. */
export const NAME_TRACEPAR: u64 = 0x7261706563617274;
export const NAME_ENT_QUOTE: u32 = 0x22746e65;
export const NAME_TRACE_FL: u64 = 0x6c665f6563617274;
export const NAME_AGS_QUOTE: u32 = 0x22736761;

/** Where the third letter of a name lies, counted from the opening quote. All of ours have an `a` there. */
const THIRD: usize = 3;
/** From the opening to the closing quote of a name of eleven letters. */
const ELEVEN: usize = 12;

/** In memory, because the host makes a constant anew each time a loop needs it, which takes longer than comparing with it. */
const BYTES = memory.data<u8>([QUOTE, 0x61, 0x63, 0x6e]);

/** Which bytes of `a`, `b`, `c` and `d`, which follow one another, are not 0; lowest bit first. */
function bitsOf(a: v128, b: v128, c: v128, d: v128): u64 {
  return (
    <u64>(<u32>i8x16.bitmask(a)) |
    ((<u64>(<u32>i8x16.bitmask(b))) << 16) |
    ((<u64>(<u32>i8x16.bitmask(c))) << 32) |
    ((<u64>(<u32>i8x16.bitmask(d))) << 48)
  );
}

/** Of the 16 places from `at` on, those that may be the third letter of a name of which the fourth is c or n. */
function thirdLetters(at: usize, quote: v128, a: v128, c: v128, n: v128): v128 {
  const begins = v128.and(i8x16.eq(v128.load(at - THIRD), quote), i8x16.eq(v128.load(at), a));
  const fourth = v128.load(at, 1);
  return v128.and(begins, v128.or(i8x16.eq(fourth, c), i8x16.eq(fourth, n)));
}

/**
 * Writes the addresses of the opening quotes of what may be a name, u32 ascending, from `list` on; returns the list's
 * end. Third letters lie from `from` to `end`, so that a quote may lie before. `list` needs room for each byte's, and 64 more.
 */
export function listNames(from: usize, end: usize, list: usize): usize {
  const quote = i8x16.splat(load<u8>(BYTES));
  const a = i8x16.splat(load<u8>(BYTES, 1));
  const c = i8x16.splat(load<u8>(BYTES, 2));
  const n = i8x16.splat(load<u8>(BYTES, 3));
  for (let block = from; block < end; block += 64) {
    const one = thirdLetters(block, quote, a, c, n);
    const two = thirdLetters(block + 16, quote, a, c, n);
    const three = thirdLetters(block + 32, quote, a, c, n);
    const four = thirdLetters(block + 48, quote, a, c, n);
    if (!v128.any_true(v128.or(v128.or(one, two), v128.or(three, four)))) continue;
    let letters = bitsOf(one, two, three, four);
    if (end - block < 64) letters &= ((<u64>1) << (end - block)) - 1;
    // Two are written without looking whether there are any: how many there are cannot be predicted.
    const quotes = block - THIRD;
    const next = list + ((<usize>popcnt(letters)) << 2);
    store<u32>(list, quotes + <usize>ctz(letters));
    letters &= letters - 1;
    store<u32>(list, quotes + <usize>ctz(letters), 4);
    letters &= letters - 1;
    for (list += 8; letters != 0; list += 4) {
      store<u32>(list, quotes + <usize>ctz(letters));
      letters &= letters - 1;
    }
    list = next;
  }
  return list;
}

/** Of the 16 places from `at` on, those that may be the closing quote of a name of eleven letters. Looks back from it. */
function endsOfEleven(at: usize, quote: v128, a: v128): v128 {
  const begins = v128.and(
    i8x16.eq(v128.load(at - ELEVEN), quote),
    i8x16.eq(v128.load(at - ELEVEN + THIRD), a),
  );
  return v128.and(begins, i8x16.eq(v128.load(at), quote));
}

function isSampling(name: usize): bool {
  const letters = load<u64>(name, 1);
  const others = load<u32>(name, 9);
  return (
    (letters == NAME_TRACE_FL && others == NAME_AGS_QUOTE) ||
    (letters == NAME_TRACEPAR && others == NAME_ENT_QUOTE)
  );
}

/** Whether the text holds a name that says whether its trace is sampled; what lies right before `from` may be a part of it. */
export function holdsSampling(from: usize, end: usize): bool {
  const quote = i8x16.splat(load<u8>(BYTES));
  const third = i8x16.splat(load<u8>(BYTES, 1));
  for (let block = from; block < end; block += 64) {
    const a = endsOfEleven(block, quote, third);
    const b = endsOfEleven(block + 16, quote, third);
    const c = endsOfEleven(block + 32, quote, third);
    const d = endsOfEleven(block + 48, quote, third);
    if (!v128.any_true(v128.or(v128.or(a, b), v128.or(c, d)))) continue;
    for (let ends = bitsOf(a, b, c, d); ends != 0; ends &= ends - 1) {
      const last = block + <usize>ctz(ends);
      if (last < end && isSampling(last - ELEVEN)) return true;
    }
  }
  return false;
}
