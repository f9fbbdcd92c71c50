import type { z } from 'zod';
import type { Kernel } from '../kernel/kernel.ts';
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';

/** What every component may use. */
export interface Context {
  /** The configured id. */
  readonly id: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly kernel: Kernel;
  /** Folder for what must survive a restart; exists. */
  readonly stateDir: string;
}

/**
 * What a component's folder exports and `registry.ts` lists. `type` is the word in the configuration, the
 * folder's name, the metric label and the docs page.
 */
export interface Spec<Type extends string, Schema extends z.ZodObject, Ctx extends Context, Component> {
  readonly type: Type;
  /** One or two sentences for the reference. */
  readonly summary: string;
  /** The component's own keys, each with a description; common keys (`id`, `labels`…) are added by the config. */
  readonly schema: Schema;
  /** Builds the component; opens nothing, starts nothing. */
  build(config: z.output<Schema>, context: Ctx): Component;
}
