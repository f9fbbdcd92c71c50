/** Which page is shown and what it is asked for: `#/traces?outcome=dropped`. The address holds all of it. */
import { signal } from '@preact/signals';

export const PAGES = ['pipeline', 'tracing', 'traces', 'where', 'tail', 'config'] as const;
export type Page = (typeof PAGES)[number];

export interface Route {
  readonly page: Page;
  readonly query: Readonly<Record<string, string>>;
}

export const route = signal<Route>({ page: 'pipeline', query: {} });

export function parseHash(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const page = PAGES.find((each) => each === path) ?? 'pipeline';
  return { page, query: Object.fromEntries(new URLSearchParams(search)) };
}

/** Empty and missing values are left out. */
export function href(page: Page, query: Readonly<Record<string, string | undefined>> = {}): string {
  const given = Object.entries(query).filter((pair): pair is [string, string] => Boolean(pair[1]));
  return `#/${page}${given.length > 0 ? `?${new URLSearchParams(given)}` : ''}`;
}

/** @param replace True for what is no step of its own, such as the letters of a filter. */
export function go(page: Page, query: Readonly<Record<string, string | undefined>> = {}, replace = false) {
  const hash = href(page, query);
  if (replace) history.replaceState(null, '', hash);
  else location.hash = hash;
  route.value = parseHash(hash);
}

export function startRouting(): void {
  const read = () => {
    route.value = parseHash(location.hash);
  };
  addEventListener('hashchange', read);
  read();
}
