/** The form for the token, when the agent asks for one. The token stays in this tab. */
import { useState } from 'preact/hooks';
import { signedOut, signIn } from '../state/session.ts';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';
import { Brand } from './rail.tsx';

export function Login() {
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState(
    signedOut.value === 'refused' ? 'The token of this tab is no longer accepted.' : null,
  );
  const submit = async (form: HTMLFormElement) => {
    const value = new FormData(form).get('token');
    if (typeof value !== 'string' || value.trim() === '') return;
    setBusy(true);
    const refused = await signIn(value);
    if (refused !== null) setRefusal(refused);
    setBusy(false);
  };
  const shown = busy ? null : refusal;
  return (
    <main class="login panel">
      <Brand />
      <h1>Sign in</h1>
      <p class="mid">
        This agent asks for a token. One with the role <b>read</b> sees everything; one with the role{' '}
        <b>control</b> steers tracing too.
      </p>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void submit(event.currentTarget);
        }}
      >
        <div>
          <label class="small mid" for="token">
            Token
          </label>
          <input
            id="token"
            name="token"
            type="password"
            class="mono"
            autocomplete="current-password"
            aria-invalid={shown !== null}
            aria-describedby="token-fault"
          />
          <span class="fault" id="token-fault" role="alert">
            {shown}
          </span>
        </div>
        <div class="row">
          <Button type="submit" look="primary" busy={busy}>
            Sign in
          </Button>
          <span class="small dim row">
            <Icon name="key" small />
            Kept until this tab is closed
          </span>
        </div>
      </form>
    </main>
  );
}
