/** Light, dark, or as the system has it. Kept in the browser. */
import { effect, signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';
const KEY = 'log-capturer.theme';
const systemDark = matchMedia('(prefers-color-scheme: dark)');

export const theme = signal<Theme>(read());
/** What is really shown. Charts draw themselves again when it changes. */
export const shown = signal<'light' | 'dark'>('light');

export function choose(wanted: Theme): void {
  theme.value = wanted;
}

export function startTheme(): void {
  const systemIsDark = signal(systemDark.matches);
  systemDark.addEventListener('change', () => {
    systemIsDark.value = systemDark.matches;
  });
  effect(() => {
    const dark = theme.value === 'system' ? systemIsDark.value : theme.value === 'dark';
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
    shown.value = dark ? 'dark' : 'light';
    try {
      localStorage.setItem(KEY, theme.value);
    } catch {
      // Forbidden storage only means that the choice is not kept.
    }
  });
}

function read(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === 'light' || kept === 'dark' ? kept : 'system';
  } catch {
    return 'system';
  }
}
