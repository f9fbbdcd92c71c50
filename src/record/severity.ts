/** Names of severity numbers. Used by sinks that write levels as text. */

/** By range of four, from OpenTelemetry's log data model ("Severity Fields": 1–4 trace … 21–24 fatal). */
const NAMES = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

export type SeverityName = (typeof NAMES)[number];

/** The lower-case name of a severity number of 1 to 24; undefined for 0 (unknown) and all others. */
export function severityName(number: number): SeverityName | undefined {
  return number === 0 ? undefined : NAMES[(number - 1) >> 2];
}
