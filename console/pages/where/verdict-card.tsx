/** One line: its verdict, where it is, its way through the agent, and the proof to take away. */
import { useEffect, useState } from 'preact/hooks';
import { get } from '../../api/client.ts';
import type { WhereResult } from '../../api/shapes.ts';
import { bytes } from '../../format/bytes.ts';
import { count } from '../../format/number.ts';
import { Button } from '../../parts/button.tsx';
import { copy } from '../../parts/copy.ts';
import { Icon } from '../../parts/icon.tsx';
import { stale } from '../../state/connection.ts';
import { href } from '../../state/route.ts';
import { Marked } from '../tracing/source-field.tsx';
import { LinePath } from './line-path.tsx';
import type { Question } from './question.ts';
import { isOpen, type Line, VERDICTS } from './verdicts.ts';

/** How often a line is asked for that is followed, in milliseconds. */
const FOLLOW_MS = 1000;

export function VerdictCard({ line: found, question }: { line: Line; question: Question }) {
  const { line, following, follow } = useFollowing(found);
  const { word, icon, tone } = VERDICTS[line.verdict];
  const [copied, setCopied] = useState(false);
  const proof = () => void copy(JSON.stringify(line, null, 2)).then(setCopied);
  return (
    <article class={`panel verdict is-${tone} ${stale.value ? 'stale' : ''}`} data-verdict={line.verdict}>
      <div class="verdict-head">
        <span class="sign">
          <Icon name={icon} />
        </span>
        <div class="said">
          <h2>{word}</h2>
          <p class="mid">{line.explanation}</p>
        </div>
        <div class="actions">
          {isOpen(line) && placeOf(line) !== null && (
            <Button look="slim" icon="retry" busy={following} onClick={follow}>
              {following ? 'Following' : 'Follow until delivered'}
            </Button>
          )}
          {line.trace_id !== undefined && (
            <a class="btn slim" href={href('traces', { id: line.trace_id })}>
              <Icon name="traces" small />
              Trace
            </a>
          )}
          <Button look="slim" icon={copied ? 'check' : 'copy'} onClick={proof}>
            {copied ? 'Copied' : 'Copy proof'}
          </Button>
        </div>
      </div>
      <Place line={line} question={question} />
      <LinePath line={line} />
      {line.dead_letters?.map((letter) => (
        <p key={letter.sink + letter.line} class="small mid">
          {letter.sink}: {letter.message} Kept in <code>{letter.file}</code>, line {count(letter.line)}.
        </p>
      ))}
    </article>
  );
}

/** Where it stands in its file, and what was asked for. */
function Place({ line, question }: { line: Line; question: Question }) {
  const file = line.file ?? line.source_id;
  if (file === undefined) return null;
  return (
    <p class="log-line">
      {question.kind === 'text' && (
        <>
          <mark>{question.text}</mark> <span class="key">in </span>
        </>
      )}
      <Marked text={file} part="" />
      {line.line !== undefined && (
        <>
          <span class="key">:</span>
          {line.line}
        </>
      )}
      {line.offset !== undefined && <span class="key"> at byte {count(line.offset)}</span>}
      {line.ahead !== undefined && line.ahead.bytes > 0 && (
        <span class="key">, {bytes(line.ahead.bytes)} ahead of it</span>
      )}
    </p>
  );
}

/** The question that finds exactly this line again; null when nothing does. */
function placeOf(line: Line): string | null {
  const file = line.file ?? line.source_id;
  if (file !== undefined && line.offset !== undefined) {
    const query = {
      file,
      offset: String(line.offset),
      ...(line.file_id !== undefined && { file_id: line.file_id }),
    };
    return `api/where?${new URLSearchParams(query)}`;
  }
  return line.record_uid === undefined ? null : `api/where?id=${line.record_uid}`;
}

function useFollowing(found: Line): { line: Line; following: boolean; follow: () => void } {
  const [line, setLine] = useState(found);
  const [following, setFollowing] = useState(false);
  useEffect(() => setLine(found), [found]);
  useEffect(() => {
    const place = placeOf(line);
    if (!following || place === null) return;
    const timer = setInterval(() => {
      void get<WhereResult>(place).then(
        ({ others: _others, matches: _matches, complete: _complete, ...now }) => {
          setLine(now);
          if (!isOpen(now)) setFollowing(false);
        },
        () => {},
      );
    }, FOLLOW_MS);
    return () => clearInterval(timer);
  }, [following]);
  return { line, following: following && isOpen(line), follow: () => setFollowing(true) };
}
