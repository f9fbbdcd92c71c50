/**
 * Server-sent events over `fetch`, because an EventSource cannot send the token. Reads the format of
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream. Called by state/feed.ts and
 * pages/tail.
 */
import { ApiError, open } from './client.ts';

export interface ServerEvent {
  readonly event: string;
  readonly data: string;
}

/** Takes text as it comes and gives the events that are whole. Comments only show that the stream lives. */
export class EventReader {
  #rest = '';
  #event = '';
  #data: string[] = [];

  push(text: string): ServerEvent[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop()!;
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): ServerEvent[] {
    if (line === '') {
      const whole = { event: this.#event || 'message', data: this.#data.join('\n') };
      const empty = this.#data.length === 0;
      this.#event = '';
      this.#data = [];
      return empty ? [] : [whole];
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#event = value;
    if (field === 'data') this.#data.push(value);
    return [];
  }
}

/**
 * Calls `on` for each event until the signal is aborted (resolves) or the stream ends or falls silent (throws).
 * @param silenceMs How long nothing at all may come.
 */
export async function listen(
  path: string,
  { signal, silenceMs, on }: { signal: AbortSignal; silenceMs: number; on: (event: ServerEvent) => void },
): Promise<void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), silenceMs);
  try {
    const { body } = await open('GET', path, { signal: AbortSignal.any([signal, silence.signal]) });
    const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
    const events = new EventReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new ApiError(0, 'The agent ended the connection.');
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), silenceMs);
      for (const event of events.push(value)) on(event);
    }
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof ApiError) throw error;
    throw new ApiError(0, 'No connection to the agent.');
  } finally {
    clearTimeout(timer);
  }
}
