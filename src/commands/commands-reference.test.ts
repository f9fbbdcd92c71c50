import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { COMMANDS_REFERENCE_FILE, commandsReference } from './commands-reference.ts';

const page = commandsReference();

test('docs/reference/commands.md is up to date (else run `npm run generate`)', () => {
  expect(readFileSync(COMMANDS_REFERENCE_FILE, 'utf8')).toBe(page);
});

test.each(['log-capturer', 'log-capturer run', 'log-capturer where', 'log-capturer tracing enable'])(
  'the page has the help of %s',
  (name) => expect(page).toContain(`## ${name}\n\n\`\`\`\nUsage: ${name} [options]`),
);

test('the page has the exit codes', () => expect(page).toMatch(/^ *78 +the configuration is wrong$/m));
