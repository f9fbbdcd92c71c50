/** The token of this browser tab. It is kept until the tab is closed, and goes nowhere but into the API's header. */
import { signal } from '@preact/signals';

const KEY = 'log-capturer.token';

export const token = signal<string | null>(read());
/** True when the API asked for a token, or refused the one it got. */
export const unauthorized = signal(false);

export function setToken(value: string | null): void {
  token.value = value;
  try {
    if (value === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, value);
  } catch {
    // Storage can be forbidden; the token then lives as long as the page.
  }
}

function read(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}
