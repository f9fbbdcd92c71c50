/** The answer of `log-capturer where` for people: the verdict, why, where the line is, and its way. */
import type { WhereResult } from '../http/schemas/where.ts';
import { facts, table } from './table.ts';

type Line = WhereResult['others'][number];

const TITLES: Readonly<Record<Line['verdict'], string>> = {
  delivered: 'Delivered',
  in_flight: 'In flight',
  not_read_yet: 'Not read yet',
  filtered: 'Filtered',
  dead_lettered: 'Dead-lettered',
  dropped: 'Dropped',
  unknown: 'Unknown',
};

export function showWhere(answer: WhereResult): string {
  const { others, matches, complete } = answer;
  const lines = [answer, ...others].map(showLine).join('\n');
  if (matches <= 1 && complete) return lines;
  const found = `${matches}${complete ? '' : ' or more'} lines found`;
  return `${lines}\n${found}${complete ? '' : ', the last ones shown (--all shows up to 100)'}.\n`;
}

function showLine(line: Line): string {
  const about: [string, string | number][] = [];
  const add = (name: string, value: string | number | undefined) => {
    if (value !== undefined) about.push([name, value]);
  };
  add('source', line.source);
  add('file', fileOf(line));
  add('line', line.line);
  add('offset', line.offset);
  add('record uid', line.record_uid);
  add('trace id', line.trace_id);
  for (const { name, at, until } of line.stages) add(name, until === undefined ? at : `${at} to ${until}`);
  for (const { file, line: number, sent_again } of line.dead_letters ?? []) {
    add('dead letter', `${file}, line ${number}${sent_again ? ' (sent again)' : ''}`);
  }
  return (
    `${TITLES[line.verdict]}\n${line.explanation}\n` +
    (about.length === 0 ? '' : `\n${facts(about)}`) +
    (line.sinks.length === 0 ? '' : `\n${showSinks(line.sinks)}`)
  );
}

function fileOf({ file, source_id }: Line): string | undefined {
  if (file === undefined || file === source_id || source_id === undefined) return file ?? source_id;
  return `${file} (read as ${source_id})`;
}

function showSinks(sinks: Line['sinks']): string {
  return table(
    ['SINK', 'STATE', 'AT', '>ATTEMPTS', 'WHY'],
    sinks.map(({ id, state, at, attempts, reason, message }) => [
      id,
      state.replace('_', '-'),
      at ?? '',
      attempts,
      message ?? reason ?? '',
    ]),
  );
}
