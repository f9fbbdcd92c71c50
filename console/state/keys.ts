/** Single keys that act on the page shown. They rest in fields, with modifiers, and when they are switched off. */
import { signal } from '@preact/signals';
import { go, PAGES, route } from './route.ts';

const KEY = 'log-capturer.keys';
export const keysOn = signal(localStorageOr(KEY, 'on') !== 'off');
export const keyListOpen = signal(false);

export function showKeys(open: boolean): void {
  keyListOpen.value = open;
}

/** Keys of the page that is shown. */
let pageKeys: Readonly<Record<string, () => void>> = {};

/** Called by a page while it is shown. @returns what puts them away again. */
export function ownKeys(keys: Readonly<Record<string, () => void>>): () => void {
  pageKeys = keys;
  return () => {
    if (pageKeys === keys) pageKeys = {};
  };
}

export function setKeysOn(on: boolean): void {
  keysOn.value = on;
  try {
    localStorage.setItem(KEY, on ? 'on' : 'off');
  } catch {
    // Forbidden storage only means that the choice is not kept.
  }
}

export function startKeys(): void {
  addEventListener('keydown', (event) => {
    const target = event.target as HTMLElement;
    const inField = target.matches(
      'input:not([type=radio], [type=checkbox], [type=range]), select, textarea',
    );
    if (inField) {
      if (event.key === 'Escape') target.blur();
      return;
    }
    if (!keysOn.peek() || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector('dialog[open]') !== null) return;
    // A button or a link acts on these itself.
    if ((event.key === ' ' || event.key === 'Enter') && target.matches('button, a, input, summary')) return;
    const act = pageKeys[event.key] ?? everywhere(event.key);
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
}

function everywhere(key: string): (() => void) | undefined {
  const page = PAGES[Number(key) - 1];
  if (page !== undefined) return () => go(page);
  if (key === '?') return () => showKeys(true);
  if (key !== '/') return undefined;
  return () => {
    const field = document.querySelector<HTMLInputElement>('[data-find]');
    if (field === null || field.offsetParent === null) go('where');
    else field.focus();
  };
}

/** The page with one more or one other question. */
export function alsoAsk(query: Readonly<Record<string, string | undefined>>, replace = false): void {
  go(route.peek().page, { ...route.peek().query, ...query }, replace);
}

function localStorageOr(key: string, otherwise: string): string {
  try {
    return localStorage.getItem(key) ?? otherwise;
  } catch {
    return otherwise;
  }
}
