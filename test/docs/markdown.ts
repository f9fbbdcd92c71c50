/**
 * Reads what the tests of the documentation need from Markdown: headings with the anchors that GitHub makes of them,
 * links, and fenced blocks of code. Knows only the Markdown that these documents use.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freshAnchor } from '../../docs/site/anchors.ts';

export const ROOT = join(import.meta.dirname, '..', '..');

export interface Fence {
  /** First word behind the backticks, such as sh; empty when there is none. */
  readonly language: string;
  /** The words behind it. */
  readonly words: readonly string[];
  readonly text: string;
  /** Line of its first backticks, from 1. */
  readonly line: number;
}

export interface Link {
  readonly target: string;
  readonly line: number;
}

export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  readonly anchors: ReadonlySet<string>;
  readonly links: readonly Link[];
  readonly fences: readonly Fence[];
}

/** Every page of the repository, in the order of their paths. */
export function allPages(): Page[] {
  return globSync('{*.md,docs/**/*.md,{deploy,dashboards,console,bench,test,configs,provisioning}/**/*.md}', {
    cwd: ROOT,
  })
    .sort()
    .map(readPage);
}

/** @param path from the root of the repository. */
export function readPage(path: string): Page {
  return parsePage(path, readFileSync(join(ROOT, path), 'utf8'));
}

export function parsePage(path: string, markdown: string): Page {
  const anchors = new Set<string>();
  const links: Link[] = [];
  const fences: Fence[] = [];
  const lines = markdown.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const open = /^( *)(```+)([\w-]*) *(.*)$/.exec(lines[i]!);
    if (open !== null) {
      const [, indent, ticks, language, words] = open as unknown as [string, string, string, string, string];
      const end = lines.findIndex((text, at) => at > i && text.trim() === ticks);
      if (end < 0) throw new Error(`${path}:${i + 1}: this block of code has no end`);
      const text = lines.slice(i + 1, end).map((each) => each.slice(indent.length));
      fences.push({
        language,
        words: words.split(' ').filter((word) => word !== ''),
        text: text.join('\n'),
        line: i + 1,
      });
      i = end;
      continue;
    }
    const heading = /^#{1,6} +(.*)$/.exec(lines[i]!);
    if (heading !== null) anchors.add(freshAnchor(heading[1]!, anchors));
    for (const [, id] of lines[i]!.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id!);
    const prose = lines[i]!.replace(/`[^`]*`/g, '``');
    for (const [, target] of prose.matchAll(/\]\(([^()\s]+(?:\([^()]*\))?)\)/g))
      links.push({ target: target!, line: i + 1 });
    for (const [, target] of prose.matchAll(/(?:src|srcset|href)="([^"]+)"/g))
      links.push({ target: target!, line: i + 1 });
  }
  return { path, anchors, links, fences };
}
