/** Finds and reads the configuration a command works with, and prints what is wrong with it. */
import { isAbsolute, join, relative } from 'node:path';
import { loadConfig } from '../config/load.ts';
import { ConfigError } from '../config/problem.ts';
import type { Config } from '../config/schema.ts';
import * as registry from '../registry.ts';
import { printError } from './print.ts';

/** The configuration that comes with the installation. */
const DEFAULT_FILE = join(import.meta.dirname, '..', '..', 'configs', 'config.yaml');

/** The file to read, as short as it can be named from here. */
export function configFile(given: string | undefined): string {
  if (given !== undefined) return given;
  const nearby = relative(process.cwd(), DEFAULT_FILE);
  return nearby.startsWith('..') || isAbsolute(nearby) ? DEFAULT_FILE : nearby;
}

/** The configuration in the file; undefined after its problems were printed on standard error, one a line. */
export async function readConfig(file: string): Promise<Config | undefined> {
  try {
    return await loadConfig(file, { registry, environment: process.env });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const count = error.problems.length;
    printError(`${error.message}\n${count} ${count === 1 ? 'problem' : 'problems'}\n`);
    return undefined;
  }
}
