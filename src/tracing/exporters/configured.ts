/**
 * The exporters that the settings name. One whose settings are as before is the same as before, so that what it has queued
 * stays queued. Asked by tracing.ts whenever the settings change.
 */
import type { TracingSettings } from '../settings/settings.ts';
import type { SpanExporter } from './exporter.ts';

export class ConfiguredExporters {
  readonly #create: (settings: TracingSettings) => SpanExporter[];
  /** By the settings they were built from. */
  #current: ReadonlyMap<string, SpanExporter> = new Map();

  constructor(create: (settings: TracingSettings) => SpanExporter[]) {
    this.#create = create;
  }

  /** Those of these settings, in their order. @throws when one cannot be built; nothing has changed then. */
  of(settings: TracingSettings): SpanExporter[] {
    const exporters = new Map<string, SpanExporter>();
    for (const [i, each] of settings.exporters.entries()) {
      const key = `${i} ${JSON.stringify([each, settings.resource])}`;
      const kept = this.#current.get(key);
      for (const exporter of kept === undefined ? this.#create({ ...settings, exporters: [each] }) : [kept]) {
        exporters.set(key, exporter);
      }
    }
    this.#current = exporters;
    return [...exporters.values()];
  }
}
