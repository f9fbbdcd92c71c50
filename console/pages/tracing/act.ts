/** Changes of tracing that the page makes. What went wrong stands beside the control that was used. */
import { type Signal, signal } from '@preact/signals';
import { send, wordsOf } from '../../api/client.ts';
import type { Mode } from '../../api/shapes.ts';

/** A control that is at work, or was refused. */
export interface Doing {
  /** What is being changed; null when nothing is. */
  readonly busy: string | null;
  readonly refused: string | null;
}

export const idle: Doing = { busy: null, refused: null };

export function doing(): Signal<Doing> {
  return signal(idle);
}

/** Counts the changes made here, so that the list of changes asks again. */
export const changes = signal(0);

/** @returns whether the agent took it. */
export async function act(
  state: Signal<Doing>,
  busy: string,
  change: () => Promise<unknown>,
): Promise<boolean> {
  state.value = { busy, refused: null };
  try {
    await change();
    state.value = idle;
    return true;
  } catch (error) {
    state.value = { busy: null, refused: wordsOf(error) };
    return false;
  } finally {
    changes.value++;
  }
}

export const setMode = (mode: Mode) => send('PUT', 'api/tracing/mode', { mode });
export const clearMode = () => send('DELETE', 'api/tracing/mode');
export const setBaseRate = (rate: number | null) =>
  send('PATCH', 'api/tracing/settings', { log_tracing_rate: rate });
export const endRule = (source_id: string) => send('POST', 'api/tracing/disable', { source_id });
