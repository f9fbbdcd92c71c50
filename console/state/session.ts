/** Who is looking and what they may do. An agent without authentication lets everyone steer. */
import { computed, effect, signal } from '@preact/signals';
import { ApiError, get } from '../api/client.ts';
import type { Role } from '../api/shapes.ts';
import { setToken, token, unauthorized } from '../api/token.ts';
import { connection } from './connection.ts';

export interface Identity {
  /** Whether the agent asks for tokens at all. */
  readonly auth: boolean;
  readonly role: Role;
  /** Name of the token, when the agent has one for it. */
  readonly name?: string;
}

/** Null until the agent said who is asking. */
export const identity = signal<Identity | null>(null);
/** Why there is nothing to see but the log-in form. */
export const signedOut = signal<'needed' | 'refused' | null>(null);

export const mayControl = computed(
  () => identity.value?.role === 'control' && connection.value.state === 'live',
);
/** Why controls are disabled, in words; null when they are not. */
export const refusal = computed(() => {
  if (connection.value.state === 'lost') return 'No connection to the agent.';
  if (identity.value?.role === 'read')
    return 'Your token can look but not change. Ask for one with the role control.';
  return null;
});

/** Asks who this is. Without an answer nothing changes: the feed says that the connection is lost. */
export async function identify(): Promise<ApiError | null> {
  try {
    const { auth, role, name } = await get<{ auth: boolean; role: Role; name?: string }>('api/whoami');
    identity.value = { auth, role, ...(name !== undefined && { name }) };
    unauthorized.value = false;
    signedOut.value = null;
    return null;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.missing) identity.value = { auth: false, role: 'control' };
    return error;
  }
}

/** @returns why the agent did not take the token; null when it did. */
export async function signIn(value: string): Promise<string | null> {
  setToken(value.trim());
  unauthorized.value = false;
  const refused = await identify();
  if (refused === null) return null;
  setToken(null);
  return refused.status === 401 ? 'The agent does not know this token.' : refused.message;
}

export function signOut(): void {
  setToken(null);
  identity.value = null;
  signedOut.value = 'needed';
}

/** Whenever the API refuses the token, the log-in form comes up. */
export function startSession(): void {
  effect(() => {
    if (!unauthorized.value) return;
    identity.value = null;
    signedOut.value = token.peek() === null ? 'needed' : 'refused';
  });
}
