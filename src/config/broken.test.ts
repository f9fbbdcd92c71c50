// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is how a configuration names a variable
/** Broken configurations, each with the very words an operator reads. `c.yaml` is the file; line 1 is the first one below. */
import { expect, test } from 'vitest';
import { parseConfig } from './load.ts';
import { ConfigError } from './problem.ts';
import { registry } from './registry.fixture.ts';

function problemsOf(text: string): string {
  try {
    parseConfig(text, 'c.yaml', {
      registry,
      environment: { PORT: 'eighty', SECRET: 's3cret', NUMBER: '42' },
    });
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
}

const SINKS = 'sinks: [{ id: out, type: stdout }]';
const GOOD = `sources: [{ id: a, type: stdin }]\n${SINKS}`;

/** A source of type file with these lines below its keys, which are the first three lines. */
const file = (...lines: string[]) =>
  [
    'sources:',
    '  - { id: x, type: stdin }',
    '  - id: a',
    '    type: file',
    ...lines.map((line) => `    ${line}`),
    SINKS,
  ].join('\n');
const remote = (...lines: string[]) =>
  [
    'sources: [{ id: a, type: stdin }]',
    'sinks:',
    '  - id: r',
    '    type: remote',
    ...lines.map((line) => `    ${line}`),
  ].join('\n');

test.each<[string, string, string[]]>([
  [
    'nothing in the file',
    '',
    ['c.yaml: the file is empty; expected a configuration with "sources" and "sinks"'],
  ],
  [
    'only comments',
    '# later\n',
    ['c.yaml: the file is empty; expected a configuration with "sources" and "sinks"'],
  ],
  ['a list', '- a', ['c.yaml:1:1: found a list; expected a mapping of keys to values']],
  [
    'no sources and no sinks',
    'server: {}',
    [
      'c.yaml:1:1: sources: missing; expected a list of sources, each with an id and a type',
      'c.yaml:1:1: sinks: missing; expected a list of sinks, each with an id and a type',
    ],
  ],
  [
    'sources without entries',
    `sources:\n${SINKS}`,
    ['c.yaml:1:1: sources: missing; expected a list of sources, each with an id and a type'],
  ],
  [
    'an empty list',
    `sources: []\n${SINKS}`,
    ['c.yaml:1:10: sources: found an empty list; expected at least one source'],
  ],
  [
    'a mapping where a list belongs',
    `sources: { id: a, type: stdin }\n${SINKS}`,
    ['c.yaml:1:10: sources: found a mapping; expected a list of sources, each with an id and a type'],
  ],
  [
    'text where a component belongs',
    `sources: [stdin]\n${SINKS}`,
    ['c.yaml:1:11: sources[0]: found "stdin"; expected a mapping of keys to values'],
  ],
  [
    'an unknown section',
    `${GOOD}\nlogging: { level: info }`,
    [
      'c.yaml:3:1: logging: unknown key; accepted: server, state_dir, sources, sinks, dispatcher, dead_letters, tracing, where, console, log, reload',
    ],
  ],
  [
    'a misspelt section',
    `${GOOD}\ndispacher: {}`,
    [
      'c.yaml:3:1: dispacher: unknown key; did you mean "dispatcher"? accepted: server, state_dir, sources, sinks, dispatcher, dead_letters, tracing, where, console, log, reload',
    ],
  ],
  [
    'dead letters in files too large to make room by deleting some',
    `${GOOD}\ndead_letters: { max_bytes: 1MiB, max_file_bytes: 600KiB }`,
    [
      'c.yaml:3:50: dead_letters.max_file_bytes: found "600KiB"; expected at most half of dead_letters.max_bytes, because room is made by deleting whole files',
    ],
  ],
  [
    'a misspelt key deep inside',
    `${GOOD}\ndispatcher:\n  retry:\n    inital: 1s`,
    [
      'c.yaml:5:5: dispatcher.retry.inital: unknown key; did you mean "initial"? accepted: initial, max, give_up_after',
    ],
  ],
  [
    'a misspelt key of a component',
    file('inclde: [a.log]'),
    [
      'c.yaml:3:5: sources[1].include: missing; expected a list',
      'c.yaml:5:5: sources[1].inclde: unknown key; did you mean "include"? accepted: include, start_at, max_line_bytes, follow, depth, id, type, labels, trace_context, processors',
    ],
  ],
  [
    'a key of another type of component',
    'sources: [{ id: a, type: stdin, follow: true }]\nsinks: [{ id: out, type: stdout }]',
    ['c.yaml:1:33: sources[0].follow: unknown key; accepted: id, type, labels, trace_context, processors'],
  ],
  [
    'an unknown key where the component would ignore it',
    'sources: [{ id: a, type: stdin }]\nsinks: [{ id: out, type: stdout, path: x }]',
    ['c.yaml:2:34: sinks[0].path: unknown key; accepted: id, type, sources, buffer'],
  ],
  [
    'no type',
    `sources: [{ id: a }]\n${SINKS}`,
    ['c.yaml:1:11: sources[0].type: missing; expected one of file, stdin'],
  ],
  [
    'a misspelt type key',
    `sources: [{ id: a, typ: stdin }]\n${SINKS}`,
    ['c.yaml:1:11: sources[0].type: missing; expected one of file, stdin; is "typ" meant to be it?'],
  ],
  [
    'an unknown type',
    `sources: [{ id: a, type: files }]\n${SINKS}`,
    ['c.yaml:1:26: sources[0].type: found "files"; expected one of file, stdin; did you mean "file"?'],
  ],
  [
    'an unknown processor',
    file('include: [a]', 'processors:', '  - type: json'),
    ['c.yaml:7:15: sources[1].processors[0].type: found "json"; expected one of parse_json, redact'],
  ],
  [
    'a processor with an id',
    file('include: [a]', 'processors: [{ type: parse_json, id: p }]'),
    ['c.yaml:6:38: sources[1].processors[0].id: unknown key; accepted: type'],
  ],
  [
    'an id with a space',
    `sources: [{ id: my app, type: stdin }]\n${SINKS}`,
    [
      'c.yaml:1:17: sources[0].id: found "my app"; expected letters, digits, "_", "." and "-", at most 64, starting with a letter or digit',
    ],
  ],
  [
    'two sources of one id',
    `sources: [{ id: a, type: stdin }, { id: a, type: file, include: [x] }]\n${SINKS}`,
    ['c.yaml:1:41: sources[1].id: "a" is already the id of sources[0]; expected a unique id'],
  ],
  [
    'two sinks of one id',
    `sources: [{ id: a, type: stdin }]\nsinks:\n  - { id: out, type: stdout }\n  - { id: out, type: stdout }`,
    ['c.yaml:4:11: sinks[1].id: "out" is already the id of sinks[0]; expected a unique id'],
  ],
  [
    'a sink of a source that does not exist',
    'sources: [{ id: nginx, type: stdin }]\nsinks: [{ id: out, type: stdout, sources: [nginx, ngnix, "app-*"] }]',
    [
      'c.yaml:2:51: sinks[0].sources[1]: no source matches "ngnix"; did you mean "nginx"?',
      'c.yaml:2:58: sinks[0].sources[2]: no source matches "app-*"; there are: nginx',
    ],
  ],
  [
    'a source that no sink takes',
    'sources: [{ id: a, type: stdin }, { id: b, type: file, include: [x] }]\nsinks: [{ id: out, type: stdout, sources: [a] }]',
    [
      'c.yaml:1:41: sources[1].id: no sink takes the logs of "b"; add it to the "sources" of a sink, or remove it',
    ],
  ],
  [
    'sources of a sink as text',
    'sources: [{ id: a, type: stdin }]\nsinks: [{ id: out, type: stdout, sources: a }]',
    ['c.yaml:2:43: sinks[0].sources: found "a"; expected a list; a single one is written [value]'],
  ],
  [
    'a misspelt word',
    file('include: [a]', 'start_at: begining'),
    [
      'c.yaml:6:15: sources[1].start_at: found "begining"; expected one of beginning, end; did you mean "beginning"?',
    ],
  ],
  [
    'text where a list belongs',
    file('include: /var/log/*.log'),
    [
      'c.yaml:5:14: sources[1].include: found "/var/log/*.log"; expected a list; a single one is written [value]',
    ],
  ],
  [
    'an empty list in a component',
    file('include: []'),
    ['c.yaml:5:14: sources[1].include: found an empty list; expected at least 1 entry'],
  ],
  [
    'an empty text',
    file('include: [""]'),
    ['c.yaml:5:15: sources[1].include[0]: found ""; expected at least 1 character'],
  ],
  [
    'nothing in a list',
    file('include:', '  -'),
    ['c.yaml:6:8: sources[1].include[0]: found nothing; expected text'],
  ],
  [
    'yes for true',
    file('include: [a]', 'follow: yes'),
    ['c.yaml:6:13: sources[1].follow: found "yes"; expected true or false'],
  ],
  [
    'a number too large',
    file('include: [a]', 'depth: 11'),
    ['c.yaml:6:12: sources[1].depth: found 11; expected at most 10'],
  ],
  [
    'a quoted number',
    `${GOOD}\nserver: { port: "8401" }`,
    [
      'c.yaml:3:17: server.port: found "8401"; expected a whole number from 0 to 65535; write it without quotes',
    ],
  ],
  [
    'a port too large',
    `${GOOD}\nserver: { port: 84010 }`,
    ['c.yaml:3:17: server.port: found 84010; expected a whole number from 0 to 65535'],
  ],
  [
    'half a port',
    `${GOOD}\nserver: { port: 80.5 }`,
    ['c.yaml:3:17: server.port: found 80.5; expected a whole number from 0 to 65535'],
  ],
  [
    'a host open to the network',
    `${GOOD}\nserver: { host: 0.0.0.0 }`,
    [
      'c.yaml:3:17: server.host: other hosts could control the agent without authentication; expected 127.0.0.1, ::1 or localhost, or else server.auth.tokens (each with name, role and token_file), or server.tls with client_ca_file and client_roles',
    ],
  ],
  [
    'a number as a label',
    file('include: [a]', 'labels: { version: 2 }'),
    ['c.yaml:6:24: sources[1].labels.version: found 2; expected text; put it in quotes'],
  ],
  [
    'a label with a dash',
    file('include: [a]', 'labels: { my-label: x, __name__: y }'),
    [
      'c.yaml:6:15: sources[1].labels.my-label: found "my-label"; expected a label name: letters, digits and "_", not starting with a digit or "__"',
      'c.yaml:6:28: sources[1].labels.__name__: found "__name__"; expected a label name: letters, digits and "_", not starting with a digit or "__"',
    ],
  ],
  [
    'too many labels',
    file('include: [a]', `labels: { ${Array.from({ length: 16 }, (_, i) => `l${i}: x`).join(', ')} }`),
    ['c.yaml:6:13: sources[1].labels: found a mapping; expected at most 15 labels'],
  ],
  [
    'a duration without a unit',
    `${GOOD}\ndispatcher:\n  batch_timeout: 200`,
    [
      'c.yaml:4:18: dispatcher.batch_timeout: found 200; expected a duration with a unit, such as 500ms, 30s or 5m, at least 1ms, at most 1m',
    ],
  ],
  [
    'a size in another notation',
    `${GOOD}\ndispatcher: { memory: 64 MB }`,
    [
      'c.yaml:3:23: dispatcher.memory: found "64 MB"; expected a size with a unit, such as 64KiB, 1MiB or 10MB, at least 1MiB, at most 2GiB',
    ],
  ],
  [
    'memory too small for its batches',
    `${GOOD}\ndispatcher:\n  memory: 4MiB`,
    [
      'c.yaml:4:11: dispatcher.memory: 4MiB is too little for 3 batches of 1.86MiB (batch_bytes + 18 bytes for each of batch_size logs); expected at least 6MiB, or a smaller batch_bytes or batch_size',
    ],
  ],
  [
    'a batch too large for the memory that is not given',
    `${GOOD}\ndispatcher:\n  batch_bytes: 32MiB`,
    [
      'c.yaml:4:3: dispatcher.memory: 64MiB is too little for 3 batches of 32.86MiB (batch_bytes + 18 bytes for each of batch_size logs); expected at least 99MiB, or a smaller batch_bytes or batch_size',
    ],
  ],
  [
    'memory too small for the batch of a buffer',
    `sources: [{id: a, type: stdin}]\nsinks: [{id: a, type: stdout, buffer: {}}]\ndispatcher:\n  memory: 7MiB`,
    [
      'c.yaml:4:11: dispatcher.memory: 7MiB is too little for 4 batches of 1.86MiB (batch_bytes + 18 bytes for each of batch_size logs; one batch for each buffer of a sink); expected at least 8MiB, or a smaller batch_bytes or batch_size',
    ],
  ],
  [
    'a buffer too small for its batches',
    `sources: [{id: a, type: stdin}]\nsinks: [{id: a, type: stdout, buffer: {max_bytes: 4MiB}}]`,
    [
      'c.yaml:2:51: sinks[0].buffer.max_bytes: 4MiB is less than 8 times dispatcher.batch_bytes; expected at least 8MiB, or a smaller batch_bytes',
    ],
  ],
  [
    'a first pause longer than the longest',
    `${GOOD}\ndispatcher: { retry: { initial: 40s } }`,
    ['c.yaml:3:33: dispatcher.retry.initial: 40s is more than retry.max; expected at most 30s'],
  ],
  [
    'a line longer than half a batch',
    file('include: [a]', 'max_line_bytes: 1MiB'),
    [
      'c.yaml:6:21: sources[1].max_line_bytes: 1MiB is more than half of dispatcher.batch_bytes; expected at most 512KiB, or a larger batch_bytes',
    ],
  ],
  [
    'an address that is no URL',
    remote('url: example'),
    ['c.yaml:5:10: sinks[0].url: found "example"; expected a URL, such as http://127.0.0.1:3100'],
  ],
  [
    'keys of a component that exclude each other',
    remote('url: http://x', 'tls: {}'),
    ['c.yaml:6:10: sinks[0].tls: tls needs a URL that starts with https://'],
  ],
  [
    'a fault in one of several forms',
    remote('url: http://x', 'auth: { token: 5 }'),
    ['c.yaml:6:20: sinks[0].auth.token: found [secret]; expected text; put it in quotes'],
  ],
  [
    'none of several forms',
    remote('url: http://x', 'auth: secret'),
    ['c.yaml:6:11: sinks[0].auth: found [secret]; expected a mapping of keys to values'],
  ],
  [
    'an unknown key in a nested mapping',
    remote('url: https://x', 'tls: { verfy: false }'),
    ['c.yaml:6:12: sinks[0].tls.verfy: unknown key; did you mean "verify"? accepted: verify'],
  ],
  [
    'a variable that is not set',
    `${GOOD}\nserver:\n  port: \${HTTP_PORT}\n  host: localhots`,
    [
      'c.yaml:4:9: server.port: environment variable HTTP_PORT is not set; set it, or give a default: ${HTTP_PORT:-value}',
      'c.yaml:5:9: server.host: other hosts could control the agent without authentication; expected 127.0.0.1, ::1 or localhost, or else server.auth.tokens (each with name, role and token_file), or server.tls with client_ca_file and client_roles',
    ],
  ],
  [
    'a variable that is no number: its value stays secret',
    `${GOOD}\nserver:\n  port: \${PORT}`,
    ['c.yaml:4:9: server.port: found ${PORT}; expected a whole number from 0 to 65535'],
  ],
  [
    'a variable that looks like a number',
    remote('url: http://x', 'tenant: ${NUMBER}'),
    ['c.yaml:6:13: sinks[0].tenant: found ${NUMBER}; expected text; put it in quotes'],
  ],
  [
    'a variable with a bad name',
    `${GOOD}\nstate_dir: "\${MY-DIR}"`,
    [
      'c.yaml:3:12: state_dir: "${MY-DIR}" is no variable; expected ${NAME} or ${NAME:-default}, and $$ for a dollar sign',
    ],
  ],
  [
    'a variable inside braces',
    `${GOOD}\nserver: { port: \${PORT} }`,
    [
      'c.yaml:3:18: YAML: unexpected flow-map-start at node end; inside {…} and […] put a value with ${…} in quotes, or give it a line of its own',
    ],
  ],
  [
    'a key given twice',
    `${GOOD}\nserver: {}\nserver: {}`,
    ['c.yaml:4:1: key server is given twice in the same mapping; keep one'],
  ],
  ['a tab', 'sources:\n\t- id: a', ['c.yaml:2:1: a tab is used for indentation; YAML accepts only spaces']],
  ['a quote that is not closed', `${GOOD}\nstate_dir: "data`, ['c.yaml:3:17: YAML: a closing " is missing']],
  [
    'a template inside braces',
    'sinks:\n  - { id: a, type: file, path: out/{source}.log }',
    [
      'c.yaml:2:36: "out/{source}.log" must be in quotes: without them YAML takes { and [ for the start of a mapping or a list',
    ],
  ],
  [
    'a value that begins with a placeholder',
    'sinks:\n  - id: a\n    path: {source}.log',
    [
      'c.yaml:3:19: "{source}.log" must be in quotes: without them YAML takes { and [ for the start of a mapping or a list',
    ],
  ],
  [
    'a pattern with a class inside brackets',
    'include: [/x/[ab].log]',
    [
      'c.yaml:1:14: "/x/[ab].log" must be in quotes: without them YAML takes { and [ for the start of a mapping or a list',
    ],
  ],
  [
    'a pattern that begins with a star',
    'include: [*.log]',
    ['c.yaml:1:11: "*.log" must be in quotes: without them YAML takes * for a reference'],
  ],
  [
    'a star alone',
    'sources: [*]',
    ['c.yaml:1:11: a value that begins with * must be in quotes: without them YAML takes * for a reference'],
  ],
  [
    'a bracket that is not closed',
    'sources: [\n  { id: a, type: file }\n\nsinks:\n  - id: x',
    ['c.yaml:4:1: YAML: the [ at line 1, column 10 is not closed; its ] must come before this'],
  ],
  [
    'a brace that is not closed',
    'a: [{ b: 1, c: [2, 3]]\nd: 1',
    ['c.yaml:1:22: YAML: the { at line 1, column 5 is not closed; its } must come before this'],
  ],
  [
    'an alias of nothing',
    'sources: *common',
    ['c.yaml:1:10: alias *common: no anchor &common stands before it'],
  ],
  [
    'an alias of itself',
    'sources: &a [*a]',
    ['c.yaml:1:14: alias *a refers to what it stands in; a value cannot hold itself'],
  ],
  [
    'a merge of text',
    `${GOOD}\n<<: text`,
    ['c.yaml:3:1: "<<" takes a mapping, an alias of one, or a list of them'],
  ],
  [
    'a key of the language',
    `${GOOD}\n__proto__: x`,
    ['c.yaml:3:1: __proto__ cannot be used as a key; rename it'],
  ],
  [
    'a tag',
    `${GOOD}\nstate_dir: !secret data`,
    ['c.yaml:3:12: YAML: unresolved tag: !secret; tags are not used in a configuration'],
  ],
  [
    'two documents',
    `${GOOD}\n---\n${GOOD}`,
    ['c.yaml:3:1: a second document starts here (---); a configuration is one document'],
  ],
  [
    'two values in a line',
    'state_dir: a: b',
    ['c.yaml:1:12: YAML: a second ": " on the line; put a value that holds ": " in quotes'],
  ],
])('%s', (_name, text, expected) => {
  expect(problemsOf(text).split('\n')).toEqual(expected);
});

test('problems behind an anchor are reported where they are written', () => {
  const text = [
    'x-common: &common',
    '  follow: perhaps',
    'sources:',
    '  - <<: *common',
    '    id: a',
    '    type: file',
    '    include: [a]',
    SINKS,
  ];
  expect(problemsOf(text.join('\n'))).toBe(
    'c.yaml:2:11: sources[0].follow: found "perhaps"; expected true or false',
  );
});

test('a bomb of aliases is refused', () => {
  const lines = Array.from(
    { length: 9 },
    (_, i) => `x-${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(', ')}]`,
  );
  expect(problemsOf(['x-0: &l0 [a]', ...lines].join('\n'))).toBe(
    'c.yaml: aliases expand to too many values; write them out',
  );
});
