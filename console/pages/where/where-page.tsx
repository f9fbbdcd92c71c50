/** Where is my line: one field, and for every line that fits a verdict with its proof. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, get, isAbort, wordsOf } from '../../api/client.ts';
import type { WhereResult } from '../../api/shapes.ts';
import { counted } from '../../format/number.ts';
import { Banners } from '../../parts/banners.tsx';
import { Button } from '../../parts/button.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Empty, NotOffered } from '../../parts/panel.tsx';
import { Top } from '../../parts/top.tsx';
import { go, route } from '../../state/route.ts';
import { pathOf, type Question, questionOf } from './question.ts';
import { VerdictCard } from './verdict-card.tsx';
import { VERDICTS } from './verdicts.ts';

const LIMIT = 5;

export function WherePage() {
  const text = route.value.query.text ?? '';
  const field = useRef<HTMLInputElement>(null);
  const { answer, busy, again } = useAnswer(text);
  useEffect(() => {
    if (field.current !== null) field.current.value = text;
    if (text === '') field.current?.focus({ preventScroll: true });
  }, [text]);
  return (
    <>
      <Top title="Where is my line" find={false} />
      <Banners />
      <search>
        <form
          class="ask"
          onSubmit={(event) => {
            event.preventDefault();
            const asked = field.current!.value.trim();
            if (asked === text) again();
            else go('where', { text: asked });
          }}
        >
          <Icon name="search" />
          <input
            ref={field}
            type="text"
            aria-label="Where is my line"
            placeholder="Paste a line, path:number, or a trace id"
            spellcheck={false}
            autocomplete="off"
            data-find
          />
          <Button type="submit" look="primary" busy={busy}>
            Find
          </Button>
        </form>
      </search>
      <p class="hints">
        <span>
          Part of a line, <code>/var/log/nginx/error.log:4711</code>, a trace id or a record id.
        </span>
        {answer !== null && !(answer instanceof ApiError) && <b class="mid">{matchWords(answer)}</b>}
        {busy && <span role="status">Reading the files…</span>}
      </p>
      <Answer answer={answer} question={questionOf(text)} />
    </>
  );
}

function matchWords({ matches, complete, others }: WhereResult): string {
  if (matches === 0) return '';
  const shown = others.length + 1;
  const all = `${complete ? '' : 'At least '}${counted(matches, 'line')} ${matches === 1 ? 'matches' : 'match'}`;
  return shown < matches ? `${all}, ${shown} of them here` : all;
}

function Answer({ answer, question }: { answer: WhereResult | ApiError | null; question: Question | null }) {
  if (answer === null) return question === null ? <Seven /> : null;
  if (answer instanceof ApiError) {
    if (answer.missing) return <NotOffered what="answers about single lines" path="/api/where" />;
    return (
      <section class="panel">
        <Empty title="The question could not be answered">
          <p role="alert">
            {answer.problem?.errors?.map(({ detail }) => detail).join('; ') ?? answer.message}
          </p>
        </Empty>
      </section>
    );
  }
  const { others, matches: _m, complete: _c, ...first } = answer;
  return (
    <div class="stack">
      {[first, ...others].map((line, index) => (
        <VerdictCard
          key={line.record_uid ?? `${line.file}:${line.offset}:${index}`}
          line={line}
          question={question!}
        />
      ))}
    </div>
  );
}

/** @returns the answer to the text in the address; null while there is none. */
function useAnswer(text: string): {
  answer: WhereResult | ApiError | null;
  busy: boolean;
  again: () => void;
} {
  const [held, setHeld] = useState<{ readonly text: string; readonly answer: WhereResult | ApiError } | null>(
    null,
  );
  const [busy, setBusy] = useState(false);
  const [times, setTimes] = useState(0);
  useEffect(() => {
    const question = questionOf(text);
    setHeld(null);
    const setAnswer = (answer: WhereResult | ApiError) => setHeld({ text, answer });
    if (question === null) return;
    const asking = new AbortController();
    setBusy(true);
    get<WhereResult>(pathOf(question, LIMIT), asking.signal)
      .then(setAnswer, (error: unknown) => {
        if (!isAbort(error)) setAnswer(error instanceof ApiError ? error : new ApiError(0, wordsOf(error)));
      })
      .finally(() => {
        if (!asking.signal.aborted) setBusy(false);
      });
    return () => {
      asking.abort();
      setBusy(false);
    };
  }, [text, times]);
  // Until the effect has run, what is held may be the answer to the question before.
  const answer = held?.text === text ? held.answer : null;
  return { answer, busy, again: () => setTimes(times + 1) };
}

function Seven() {
  return (
    <section class="panel panel-body">
      <h2>One of seven answers, each with its proof</h2>
      <ul class="seven">
        {Object.entries(VERDICTS).map(([key, { word, icon, tone, means }]) => (
          <li key={key}>
            <b>
              <span class={{ ok: 'ok', wait: 'acc', dead: 'bad', plain: 'dim' }[tone]}>
                <Icon name={icon} small />
              </span>
              {word}
            </b>
            {means}
          </li>
        ))}
      </ul>
    </section>
  );
}
