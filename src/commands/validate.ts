/** `log-capturer validate`: checks a configuration and starts nothing. */
import { ExitCode } from './exit-code.ts';
import { print } from './print.ts';
import { configFile, readConfig } from './read-config.ts';

export async function validate(given: string | undefined): Promise<ExitCode> {
  const file = configFile(given);
  const config = await readConfig(file);
  if (config === undefined) return ExitCode.config;
  const { sources, sinks } = config;
  print(`${file}: ok (${amount(sources.length, 'source')}, ${amount(sinks.length, 'sink')})\n`);
  return ExitCode.ok;
}

function amount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
