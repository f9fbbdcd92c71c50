import { MalformedProtobuf, ProtobufReader } from '../spans/protobuf-reader.ts';

const MAX_CHARACTERS = 200;

/**
 * What a destination says about a refused request, as `: text` for the end of a message; empty when it says nothing.
 * A `google.rpc.Status` gives its message (field 2), as OTLP asks; other answers count as text.
 */
export function errorText(contentType: string | string[] | undefined, answer: Buffer): string {
  const text = String(contentType).includes('protobuf') ? statusMessage(answer) : answer.toString();
  return shortened(text);
}

/** One line of printable characters, with a colon before it. */
export function shortened(text: string): string {
  const line = text.replaceAll(/[\p{C}\s]+/gu, ' ').trim();
  if (line === '') return '';
  return `: ${line.length > MAX_CHARACTERS ? `${line.slice(0, MAX_CHARACTERS)}…` : line}`;
}

function statusMessage(answer: Buffer): string {
  let message = '';
  try {
    const reader = new ProtobufReader(answer);
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 2) message = reader.text();
      else reader.skip();
    }
  } catch (error) {
    if (!(error instanceof MalformedProtobuf)) throw error;
  }
  return message;
}
