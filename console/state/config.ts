/** The configuration that runs, as the agent shows it: asked for once, and again whenever it changed. */
import { effect, signal } from '@preact/signals';
import { ApiError, get } from '../api/client.ts';
import { latest } from './feed.ts';

/** Keys that the console reads; there are more. */
export interface RunningConfig {
  readonly console?: { readonly trace_url?: string };
  readonly tracing?: {
    readonly adaptive_sampling?: { readonly window_size?: string; readonly check_interval?: string };
    readonly on_demand?: { readonly max_rules?: number; readonly default_duration?: string };
    readonly tail?: { readonly enabled?: boolean; readonly slow?: string; readonly max_per_second?: number };
    readonly max_parent_traces_per_second?: number;
  };
}

/** Null while it is not known. */
export const runningConfig = signal<RunningConfig | null>(null);
/** This agent does not show its configuration. */
export const configMissing = signal(false);

export function startConfig(): void {
  let known: string | undefined;
  effect(() => {
    const status = latest.value?.status;
    if (status === undefined) return;
    const version = `${status.config?.loaded_at} ${status.config?.last_reload?.at}`;
    if (version === known) return;
    known = version;
    void load();
  });
}

async function load(): Promise<void> {
  try {
    runningConfig.value = (await get<{ config: RunningConfig }>('api/config')).config;
  } catch (error) {
    if (error instanceof ApiError && error.missing) configMissing.value = true;
  }
}
