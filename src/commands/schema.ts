/** `log-capturer schema`: prints the JSON Schema of the configuration. */
import { configJsonSchema } from '../config/json-schema.ts';
import * as registry from '../registry.ts';
import { VERSION } from '../version.ts';
import { print } from './print.ts';

export function printSchema(): void {
  print(`${JSON.stringify(configJsonSchema(registry, VERSION), null, 2)}\n`);
}
