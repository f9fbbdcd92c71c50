/** What holds for the whole page: no connection, an agent that began again, a token that may only look. */
import { clock } from '../format/time.ts';
import { connection, restartedAt } from '../state/connection.ts';
import { tryNow } from '../state/feed.ts';
import { now } from '../state/now.ts';
import { identity, signOut } from '../state/session.ts';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';

export function Banners() {
  return (
    <>
      <Lost />
      <Restarted />
      <ReadOnly />
    </>
  );
}

function Lost() {
  const { state, since, retryAt } = connection.value;
  if (state !== 'lost') return null;
  const seconds = retryAt === null ? 0 : Math.ceil((retryAt - now.value) / 1000);
  return (
    <div class="banner bad">
      <Icon name="offline" />
      <span role="alert">
        <b>No connection to the agent since {clock(since)}.</b> What you see is from then. The agent may still
        be delivering logs.
      </span>
      <span class="end row">
        <span class="num">{seconds > 0 ? `Trying again in ${seconds} s` : 'Trying again'}</span>
        <Button look="slim" icon="retry" onClick={tryNow}>
          Try now
        </Button>
      </span>
    </div>
  );
}

function noticed(): void {
  restartedAt.value = null;
}

function Restarted() {
  if (restartedAt.value === null || connection.value.state === 'lost') return null;
  return (
    <div class="banner" role="status">
      <Icon name="retry" />
      <span>
        <b>The agent began again at {clock(restartedAt.value)}.</b> Its counters began again too.
      </span>
      <span class="end">
        <Button look="slim quiet" icon="cross" label="Close" onClick={noticed} />
      </span>
    </div>
  );
}

function ReadOnly() {
  if (identity.value?.role !== 'read') return null;
  return (
    <div class="banner">
      <Icon name="lock" />
      <span>
        You are signed in with a <b>read</b> token: you see everything and change nothing.
      </span>
      <span class="end">
        <Button look="slim" onClick={signOut}>
          Use another token
        </Button>
      </span>
    </div>
  );
}
