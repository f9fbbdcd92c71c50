import { z } from 'zod';
import type { Stream } from '../record/stream.ts';

/**
 * Texts with placeholders that stand for properties of a stream: `/out/{source}/{file}.log`.
 * Used by sinks for paths and labels. It never reads a log's text.
 */

/** Placeholders that may be used everywhere: the source's id, the path's last part, the whole path, and a label. */
export type Placeholder = 'source' | 'file' | 'path' | 'host' | 'date' | `label.${string}`;

export type TemplatePart = { readonly text: string } | { readonly placeholder: Placeholder };

export type Template = readonly TemplatePart[];

const PLACEHOLDER = /\{([^{}]*)\}/g;
const LABEL = /^label\.[^\s{}]+$/;

/** Splits a text into parts. @throws an `Error` at a placeholder that is not `accepted`, and at a brace without its other. */
export function parseTemplate(text: string, accepted: readonly Placeholder[]): Template {
  const names = () => [...accepted.map((each) => `{${each}}`), '{label.NAME}'].join(', ');
  const parts: TemplatePart[] = [];
  let end = 0;
  for (const match of text.matchAll(PLACEHOLDER)) {
    const name = match[1]!;
    if (!LABEL.test(name) && !(accepted as readonly string[]).includes(name)) {
      throw new Error(`unknown placeholder {${name}}; accepted: ${names()}`);
    }
    if (match.index > end) parts.push({ text: text.slice(end, match.index) });
    parts.push({ placeholder: name as Placeholder });
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push({ text: text.slice(end) });
  for (const part of parts) {
    const brace = 'text' in part ? /[{}]/.exec(part.text)?.[0] : undefined;
    if (brace !== undefined) {
      throw new Error(`a ${brace} without its ${brace === '{' ? '}' : '{'}; placeholders are ${names()}`);
    }
  }
  return parts;
}

/** Schema of a template; its output is the text as written. */
export function templateText(accepted: readonly Placeholder[]) {
  return z.string().superRefine((text, context) => {
    try {
      parseTemplate(text, accepted);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message, input: text });
    }
  });
}

/** What of a stream a placeholder stands for; undefined for `host` and `date`, which are no property of a stream. */
export function streamValue(placeholder: Placeholder, stream: Stream): string | undefined {
  if (placeholder === 'source') return stream.source;
  if (placeholder === 'path') return stream.path ?? stream.id;
  if (placeholder === 'file') {
    const path = stream.path ?? stream.id;
    return path.slice(path.lastIndexOf('/') + 1);
  }
  if (placeholder.startsWith('label.')) return stream.labels[placeholder.slice('label.'.length)] ?? '';
  return undefined;
}

/** Whether the template's value may differ between the streams of one source. */
export function variesByStream(template: Template): boolean {
  return template.some(
    (part) => 'placeholder' in part && (part.placeholder === 'path' || part.placeholder === 'file'),
  );
}

/** Writes the template out; `value` gives the text for each placeholder. */
export function render(template: Template, value: (placeholder: Placeholder) => string): string {
  let text = '';
  for (const part of template) text += 'text' in part ? part.text : value(part.placeholder);
  return text;
}

/** The longest prefix of `text` that has at most `bytes` bytes of UTF-8 and cuts no character. */
export function truncateUtf8(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  const encoded = Buffer.from(text);
  let end = bytes;
  // A continuation byte at the cut means that the character began before it.
  while (end > 0 && (encoded[end]! & 0xc0) === 0x80) end--;
  return encoded.toString('utf8', 0, end);
}
