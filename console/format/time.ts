/** Points in time for people, in the browser's zone. Arguments are milliseconds since 1970 or ISO 8601. */

type Time = number | string;

function parts(at: Time): { date: Date; ms: number } {
  const ms = typeof at === 'number' ? at : Date.parse(at);
  return { date: new Date(ms), ms };
}

const two = (value: number) => String(value).padStart(2, '0');

/** `14:32`. */
export function minute(at: Time): string {
  const { date } = parts(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** `14:32:15`: of events. */
export function clock(at: Time): string {
  return `${minute(at)}:${two(parts(at).date.getSeconds())}`;
}

/** `14:32:15.604`: of logs. */
export function clockMs(at: Time): string {
  const { ms } = parts(at);
  return `${clock(at)}.${String(Math.floor(((ms % 1000) + 1000) % 1000)).padStart(3, '0')}`;
}

/** Everything, for tooltips: date, milliseconds and offset. */
export function full(at: Time): string {
  const { date } = parts(at);
  if (Number.isNaN(date.getTime())) return '';
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? '−' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clockMs(at)} ${zone}`;
}

/** An event's time: only the clock on the same day, with the date before it otherwise. */
export function moment(at: Time, now: number): string {
  const { date } = parts(at);
  const today = new Date(now);
  if (date.toDateString() === today.toDateString()) return clock(at);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(at)}`;
}
