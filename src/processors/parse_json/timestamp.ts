/**
 * Times as applications write them, as nanoseconds since 1970, without an object or a big integer per record.
 * Called by parse_json for each record.
 */

/** Seconds and nanoseconds since 1970. */
export interface Timestamp {
  seconds: number;
  nanos: number;
}

/** Nanoseconds since 1970 must fit into 63 bits (OpenTelemetry and Loki use signed or fixed 64-bit integers): year 2262. */
const MAX_SECONDS = 9_223_372_036;
/** Smaller numbers are no time after 1973 in any unit, but a duration or a counter. */
const MIN_NUMBER = 1e8;

/** A number as text: nineteen digits of nanoseconds, or fewer with decimals. */
const NUMBER = /^\d+(?:\.\d+)?$/;
const MAX_DIGITS = 24;

const CODE_0 = 0x30;
const CODE_9 = 0x39;
const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

/**
 * Reads a time into `into`: RFC 3339 with up to nine decimals (also with a blank for `T`, a comma for the point, `+0100`
 * for `+01:00`; without a zone it is UTC), or a number since 1970 in seconds, ms, µs or ns, told apart by magnitude,
 * also as text. Returns false, with `into` undefined, when it is none or not between 1970 and 2262.
 * Numbers are read to the microsecond, because that is what a JavaScript number can hold.
 */
export function readTimestamp(value: unknown, into: Timestamp): boolean {
  if (typeof value === 'string') {
    return value.charCodeAt(4) === 0x2d ? readRfc3339(value, into) : readDigits(value, into);
  }
  return typeof value === 'number' && readNumber(value, into);
}

function readNumber(value: number, into: Timestamp): boolean {
  if (!(value >= MIN_NUMBER)) return false;
  let perSecond = 1;
  if (value >= 1e17) perSecond = 1e9;
  else if (value >= 1e14) perSecond = 1e6;
  else if (value >= 1e11) perSecond = 1e3;
  const seconds = Math.floor(value / perSecond);
  const micros = Math.round(((value - seconds * perSecond) / perSecond) * 1e6);
  into.seconds = micros === 1e6 ? seconds + 1 : seconds;
  into.nanos = micros === 1e6 ? 0 : micros * 1000;
  return into.seconds < MAX_SECONDS;
}

/** Nineteen digits are nanoseconds and kept exactly. */
function readDigits(text: string, into: Timestamp): boolean {
  if (text.length > MAX_DIGITS || !NUMBER.test(text)) return false;
  if (text.length === 19) {
    into.seconds = digits(text, 0, 10);
    into.nanos = digits(text, 10, 9);
    if (into.seconds >= MIN_NUMBER && into.seconds < MAX_SECONDS && into.nanos >= 0) return true;
  }
  return readNumber(Number(text), into);
}

function readRfc3339(text: string, into: Timestamp): boolean {
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  const second = digits(text, 17, 2);
  const separator = text.charCodeAt(10);
  const wellFormed =
    text.charCodeAt(7) === 0x2d &&
    (separator === 0x54 || separator === 0x74 || separator === 0x20) &&
    text.charCodeAt(13) === 0x3a &&
    text.charCodeAt(16) === 0x3a;
  // A part that is no number is NaN, which fails every comparison. 60 is a leap second.
  if (!(wellFormed && year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)))
    return false;
  if (!(hour <= 23 && minute <= 59 && second <= 60)) return false;

  let at = 19;
  let nanos = 0;
  const point = text.charCodeAt(at);
  if (point === 0x2e || point === 0x2c) {
    let unit = 1e9;
    let code = text.charCodeAt(++at);
    if (!(code >= CODE_0 && code <= CODE_9)) return false;
    for (; code >= CODE_0 && code <= CODE_9; code = text.charCodeAt(++at)) {
      unit /= 10;
      // Decimals behind the ninth are cut.
      if (unit >= 1) nanos += (code - CODE_0) * unit;
    }
  }
  const zone = zoneSeconds(text, at);
  into.seconds = (days(year, month, day) * 24 + hour) * 3600 + minute * 60 + second - zone;
  into.nanos = nanos;
  return into.seconds >= 0 && into.seconds < MAX_SECONDS;
}

/** Offset from UTC in seconds of what follows the time; NaN when it is not a zone. */
function zoneSeconds(text: string, from: number): number {
  let at = from;
  if (at === text.length) return 0;
  if (text.charCodeAt(at) === 0x20) at++;
  const code = text.charCodeAt(at++);
  if (code === 0x5a || code === 0x7a) return at === text.length ? 0 : Number.NaN;
  if (code !== 0x2b && code !== 0x2d) return Number.NaN;
  const hours = digits(text, at, 2);
  at += 2;
  let minutes = 0;
  if (at < text.length) {
    if (text.charCodeAt(at) === 0x3a) at++;
    minutes = digits(text, at, 2);
    at += 2;
  }
  if (!(hours <= 23 && minutes <= 59) || at !== text.length) return Number.NaN;
  return (code === 0x2d ? -1 : 1) * (hours * 3600 + minutes * 60);
}

/** The number that `count` digits write; NaN when there are other characters or too few. */
function digits(text: string, from: number, count: number): number {
  let value = 0;
  for (let at = from; at < from + count; at++) {
    const code = text.charCodeAt(at);
    if (!(code >= CODE_0 && code <= CODE_9)) return Number.NaN;
    value = value * 10 + code - CODE_0;
  }
  return value;
}

const isLeap = (year: number) => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

function daysIn(year: number, month: number): number {
  return DAYS_BEFORE_MONTH[month]! - DAYS_BEFORE_MONTH[month - 1]! + (month === 2 && isLeap(year) ? 1 : 0);
}

/** Days since 1 January 1970 in the Gregorian calendar. */
function days(year: number, month: number, day: number): number {
  const before = year - 1;
  const leapDays = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
  const leapDay = month > 2 && isLeap(year) ? 1 : 0;
  // 719162 days lie between 1 January of year 1 and of 1970.
  return before * 365 + leapDays + DAYS_BEFORE_MONTH[month - 1]! + leapDay + day - 1 - 719_162;
}
