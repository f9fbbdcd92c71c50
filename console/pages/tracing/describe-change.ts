/** One entry of the audit trail as a sentence. */
import type { AuditEntry } from '../../api/shapes.ts';
import { share } from '../../format/number.ts';
import { text } from '../../format/value.ts';

export function describeChange({
  action,
  target,
  before,
  after,
}: Pick<AuditEntry, 'action' | 'target' | 'before' | 'after'>): string {
  switch (action) {
    case 'tracing.mode':
      return `Mode ${plain(before)} → ${plain(modeOf(after))}`;
    case 'tracing.settings':
      return settings(before, after);
    case 'tracing.enable':
      return `Rule ${target}${rule(after)}`;
    case 'tracing.disable':
      return `Rule ${target} ended`;
    case 'config.reload':
      return `Configuration read again${after === undefined ? '' : `: ${plain(after)}`}`;
    default:
      return `${action.replaceAll(/[._]/g, ' ')} ${target}`;
  }
}

function modeOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'mode' in value ? value.mode : value;
}

function settings(before: unknown, after: unknown): string {
  const was = record(before);
  return Object.entries(record(after))
    .map(([key, value]) => `${key} ${setting(key, was[key])} → ${setting(key, value)}`)
    .join(', ');
}

function setting(key: string, value: unknown): string {
  return typeof value === 'number' && key.endsWith('rate') ? share(value) : plain(value);
}

function rule(after: unknown): string {
  const { rate, duration, expires_at: _, ...rest } = record(after);
  const at = typeof rate === 'number' ? ` at ${share(rate)}` : '';
  const length = typeof duration === 'string' ? ` for ${duration}` : '';
  const where = 'where' in rest && rest.where !== undefined ? `, where ${plain(rest.where)}` : '';
  return at + length + where;
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function plain(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (typeof value !== 'object') return text(value);
  return Object.entries(value)
    .map(([key, inner]) => `${key} ${plain(inner)}`)
    .join(', ');
}
